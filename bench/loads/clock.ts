import { type Waker, wakerThread } from "./waker.ts";

/** Time as the load modes see it; replaced in tests. Milliseconds, monotonic. */
export interface Clock {
  now(): number;
  /** Resolves at `at` or a little later. */
  until(at: number): Promise<void>;
  /** How long it has turned the event loop so far with nothing else to do: no work, though the loop was busy. */
  spunMs(): number;
}

/** What a waker is asked for lies so long before the time itself: as long as it was late before, within these bounds. */
const MARGIN_MS = { least: 0.03, first: 0.25, most: 0.5 };
/** Of the time between two calls, so much may be spent turning: where calls come often, their own work needs the rest. */
const TURNING = 0.15;
/** How quickly the usual distance of two times is learnt: about this many times count. */
const DISTANCES = 16;
/** The margin shrinks by this share each time, and is this much more than the latest wake-up's delay. */
const SHRINK = 0.01;
const STRETCH = 1.2;
/** A turn of the loop takes no longer with nothing else in it. */
const EMPTY_TURN_MS = 0.02;

/**
 * The real clock. Node's timers are good to a millisecond or two. So a thread that sleeps to the microsecond wakes the loop a little
 * before the time, and for the rest of it the loop turns.
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
          // Where calls come closer than the margin, nothing else would ever shrink it.
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
