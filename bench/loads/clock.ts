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
 * The waker is asked to wake so long before the time itself, because a virtual machine's idle processor may take half a millisecond to wake. At
 * 60 calls a second, 1 ms halves the calls that begin .05 ms late, compared with .25 ms. Longer does not help (two processors, November 2026).
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
    // Longer distances allow no more turning, and would be remembered for long.
    const ms = Math.min(at - latestAt, MARGIN_MS / TURNING);
    distanceMs = distanceMs === Infinity ? ms : distanceMs + (ms - distanceMs) / DISTANCES;
    latestAt = at;
  };
  // Many may wait for their times at once. One loop turns for all, so that its time counts once.
  let turning: { readonly at: number; readonly resolve: () => void }[] = [];
  let last = 0;
  const turn = () => {
    const time = now();
    spunMs += Math.min(time - last, EMPTY_TURN_MS);
    last = time;
    const due = turning.filter(({ at }) => at <= time);
    if (due.length > 0) turning = turning.filter(({ at }) => at > time);
    for (const { resolve } of due) resolve();
    if (turning.length > 0) setImmediate(turn);
  };
  const spin = (at: number, resolve: () => void) => {
    turning.push({ at, resolve });
    if (turning.length > 1) return;
    last = now();
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
