import { type Waker, wakerThread } from "./waker.ts";

/** The clock of load modes; tests replace it. Milliseconds, monotonic. */
export interface Clock {
  now(): number;
  /** Resolves at `at` or a little later. */
  until(at: number): Promise<void>;
  /** How long it has turned the event loop so far only to wait: processor time that is no work. */
  spunMs(): number;
}

/**
 * The waker is asked to wake so long before the time itself. A virtual machine's idle processor may take half a millisecond to wake: with 1 ms,
 * half as many of 60 calls a second began late by .05 ms as with .25 ms; with more, no fewer (two processors, November 2026).
 */
const MARGIN_MS = 1;
/** The share of the time between two calls that may be spent on turning. If calls come often, their own work needs the rest. */
const TURNING = 0.15;
/** The usual distance of two times is an average over about so many. */
const DISTANCES = 16;
/** The longest turn of a loop with nothing else in it. Longer turns had work in them. */
const EMPTY_TURN_MS = 0.02;

/**
 * The real clock. Node's timers are good to a millisecond or two. So a thread that sleeps to the microsecond wakes the event loop a little
 * before the time. Then the loop turns until the time has come.
 */
export function preciseClock(wakeAt: Waker = wakerThread(), now = () => performance.now()): Clock {
  let spunMs = 0;
  let latestAt = -Infinity;
  let distanceMs = Infinity;
  const learnDistance = (at: number) => {
    if (at <= latestAt) return;
    const ms = at - latestAt;
    distanceMs = distanceMs === Infinity ? ms : distanceMs + (ms - distanceMs) / DISTANCES;
    latestAt = at;
  };
  const spin = (at: number, resolve: () => void) => {
    let last = now();
    const turn = () => {
      const time = now();
      spunMs += Math.min(time - last, EMPTY_TURN_MS);
      last = time;
      if (time >= at) resolve();
      else setImmediate(turn);
    };
    setImmediate(turn);
  };
  return {
    now,
    spunMs: () => spunMs,
    until: (at) =>
      new Promise((resolve) => {
        learnDistance(at);
        if (now() >= at) return resolve();
        const asked = at - Math.min(MARGIN_MS, TURNING * distanceMs);
        if (now() >= asked) return spin(at, resolve);
        wakeAt(asked, () => (now() >= at ? resolve() : spin(at, resolve)));
      }),
  };
}

export const realClock: Clock = preciseClock();
