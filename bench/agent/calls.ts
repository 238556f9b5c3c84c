import type { CallResult } from "../clients/client.ts";

/** Time as the loops see it; replaced in tests. Milliseconds, monotonic. */
export interface Clock {
  now(): number;
  /** Resolves at `at` or a little later. */
  until(at: number): Promise<void>;
}

/** One call of a loop: how it went, when it began, and when it was due where a rate is set. */
export interface LoopCall {
  readonly result: CallResult;
  readonly startAt: number;
  readonly intendedAt: number | null;
}

export interface LoopPlan {
  /** Calls at most. */
  readonly calls: number;
  /** No call is begun, or due, once the loop has run this long; the first is made in any case. */
  readonly blockMs: number;
  /** Calls in flight at most; `call` is told which of the connections to use, from 0. */
  readonly concurrency: number;
  readonly ratePerSecond: number | null;
}

/**
 * Makes a visit's measured calls. Closed loop (no rate): each connection begins its next call when it has its answer.
 * Open loop: calls are due at fixed distances from the first one, and nothing that the server does moves them; a call
 * that finds every connection busy begins late, and its latency counts from when it was due. No call is begun after one
 * has failed.
 *
 * @param done is told of each call as it ends
 */
export async function measuredCalls(
  plan: LoopPlan,
  call: (connection: number) => Promise<CallResult>,
  done: (call: LoopCall) => void,
  clock: Clock,
): Promise<void> {
  const startedAt = clock.now();
  let begun = 0;
  let failed = false;
  const lane = async (connection: number): Promise<void> => {
    for (;;) {
      if (failed || begun >= plan.calls) return;
      const dueMs = plan.ratePerSecond === null ? null : (begun * 1000) / plan.ratePerSecond;
      if (begun > 0 && (dueMs ?? clock.now() - startedAt) > plan.blockMs) return;
      begun += 1;
      const intendedAt = dueMs === null ? null : startedAt + dueMs;
      if (intendedAt !== null) await clock.until(intendedAt);
      if (failed) return;
      const startAt = clock.now();
      const result = await call(connection);
      failed ||= !result.ok;
      done({ result, startAt, intendedAt });
    }
  };
  await Promise.all(Array.from({ length: plan.concurrency }, (_, connection) => lane(connection)));
}

/**
 * The real clock. Node's timers are good to a millisecond or two; the rest of the way the loop turns until it is time,
 * so that a call which is due begins within some microseconds.
 */
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
