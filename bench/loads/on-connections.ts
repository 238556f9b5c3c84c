import type { LoadCall, LoadPlan, LoadTools } from "./load.ts";

/** What is known of a call before it is made. */
type Coming = Pick<LoadCall, "intendedAt" | "leadIn" | "query">;

/**
 * Makes calls on so many connections, each when it has its last answer and the call is due. None begins after one has failed.
 *
 * @param next what comes after the first `begun` calls; undefined: nothing, now or later
 */
export async function callOnConnections(
  connections: number,
  next: (begun: number) => Coming | undefined,
  { call, done, clock }: LoadTools,
): Promise<void> {
  let begun = 0;
  let failed = false;
  const keepBusy = async (connection: number): Promise<void> => {
    let freeAt = clock.now();
    for (;;) {
      const coming = failed ? undefined : next(begun);
      if (coming === undefined) return;
      begun += 1;
      const { intendedAt } = coming;
      if (intendedAt !== null) await clock.until(intendedAt);
      if (failed) return;
      const startAt = clock.now();
      const result = await call(connection);
      failed ||= !result.ok;
      done({ result, startAt, readyAt: Math.min(startAt, Math.max(intendedAt ?? freeAt, freeAt)), ...coming });
      freeAt = startAt + (result.ok ? result.timing.totalMs : result.totalMs);
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, connection) => keepBusy(connection)));
}

/**
 * Makes calls that are due at times which are known before the first is made.
 *
 * @param dueMs milliseconds from the first call's begin on, in order
 * @param leadIn so many of them come before what is measured
 */
export function callAtTimes(
  dueMs: ArrayLike<number>,
  leadIn: number,
  connections: number,
  tools: LoadTools,
): Promise<void> {
  const startedAt = tools.clock.now();
  const next = (begun: number): Coming | undefined => {
    const due = dueMs[begun];
    return due === undefined ? undefined : { intendedAt: startedAt + due, leadIn: begun < leadIn };
  };
  return callOnConnections(connections, next, tools);
}

/** The times at which a visit's calls are due, drawn one after the other: the lead-in, then `calls`, none due after `blockMs`. */
export function dueTimes({ leadIn, calls, blockMs }: LoadPlan, timeOf: (index: number) => number): Float64Array {
  const times = Float64Array.from({ length: leadIn + calls }, (_, i) => timeOf(i));
  const last = (times[leadIn] ?? 0) + blockMs;
  const over = times.findIndex((at, i) => i > leadIn && at > last);
  return over < 0 ? times : times.subarray(0, over);
}
