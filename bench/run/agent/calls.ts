import type { CallResult } from "../../../clients/client.ts";

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
  /** Made before the measured ones, at their rate. */
  readonly leadIn: boolean;
}

export interface LoopPlan {
  /** Measured calls at most. */
  readonly calls: number;
  /**
   * Open loop: calls at the same rate before the measured ones. An open loop begins with nothing in the server's queue, and
   * calls that find it so are quicker than those of a server that has been under this load for a while.
   */
  readonly leadIn?: number | undefined;
  /** No call is begun, or due, once the measured part has run this long; its first is made in any case. */
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
  const before = plan.ratePerSecond === null ? 0 : (plan.leadIn ?? 0);
  const leadInMs = plan.ratePerSecond === null ? 0 : (before * 1000) / plan.ratePerSecond;
  let begun = 0;
  let failed = false;
  const lane = async (connection: number): Promise<void> => {
    for (;;) {
      if (failed || begun >= before + plan.calls) return;
      const dueMs = plan.ratePerSecond === null ? null : (begun * 1000) / plan.ratePerSecond;
      if (begun > before && (dueMs ?? clock.now() - startedAt) - leadInMs > plan.blockMs) return;
      const leadIn = begun < before;
      begun += 1;
      const intendedAt = dueMs === null ? null : startedAt + dueMs;
      if (intendedAt !== null) await clock.until(intendedAt);
      if (failed) return;
      const startAt = clock.now();
      const result = await call(connection);
      failed ||= !result.ok;
      done({ result, startAt, intendedAt, leadIn });
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
