import { type Waker, wakerThread } from "./waker.ts";

/** The clock of load modes; tests replace it. Milliseconds, monotonic. */
export interface Clock {
  now(): number;
  /** Resolves at `at` or a little later. */
  until(at: number): Promise<void>;
  /** How long it has turned the event loop so far only to wait: processor time that is no work. */
  spunMs(): number;
}

/** The waker is asked to wake so long before the time itself: by its recent delays, within these bounds. */
const MARGIN_MS = { least: 0.03, first: 0.25, most: 0.5 };
/** The share of the time between two calls that may be spent on turning. If calls come often, their own work needs the rest. */
const TURNING = 0.15;
/** The usual distance of two times is an average over about so many. */
const DISTANCES = 16;
/** The margin shrinks by this share each time. */
const SHRINK = 0.01;
/** It is at least so many times the latest wake-up's delay. */
const STRETCH = 1.2;
/** The longest turn of a loop with nothing else in it. Longer turns had work in them. */
const EMPTY_TURN_MS = 0.02;

/**
 * The real clock. Node's timers are good to a millisecond or two. So a thread that sleeps to the microsecond wakes the event loop a little
 * before the time. Then the loop turns until the time has come.
 */
export function preciseClock(wakeAt: Waker = wakerThread(), now = () => performance.now()): Clock {
  let spunMs = 0;
  let marginMs = MARGIN_MS.first;
  let latestAt = -Infinity;
  let distanceMs = Infinity;
  const learnDistance = (at: number) => {
    if (at <= latestAt) return;
    const ms = at - latestAt;
    distanceMs = distanceMs === Infinity ? ms : distanceMs + (ms - distanceMs) / DISTANCES;
    latestAt = at;
  };
  const learn = (lateMs: number) => {
    marginMs = Math.max(marginMs * (1 - SHRINK), Math.min(MARGIN_MS.most, STRETCH * lateMs), MARGIN_MS.least);
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
        const asked = at - Math.min(marginMs, TURNING * distanceMs);
        if (now() >= asked) {
          // If calls come closer than the margin, nothing else shrinks it.
          learn(0);
          return spin(at, resolve);
        }
        wakeAt(asked, () => {
          learn(now() - asked);
          if (now() >= at) resolve();
          else spin(at, resolve);
        });
      }),
  };
}

export const realClock: Clock = preciseClock();
