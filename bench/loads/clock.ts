/** Time as the load modes see it; replaced in tests. Milliseconds, monotonic. */
export interface Clock {
  now(): number;
  /** Resolves at `at` or a little later. */
  until(at: number): Promise<void>;
}

/** The real clock. Node's timers are good to a millisecond or two: for the rest the loop turns, good to some microseconds. */
export const realClock: Clock = {
  now: () => performance.now(),
  until: (at) =>
    new Promise((resolve) => {
      const turn = () => (performance.now() >= at ? resolve() : setImmediate(turn));
      const waitMs = Math.floor(at - performance.now()) - 1;
      if (waitMs > 0) setTimeout(turn, waitMs);
      else turn();
    }),
};
