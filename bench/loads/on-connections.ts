import type { LoadCall, LoadPlan, LoadTools } from "./load.ts";

/** A call that is to be made. */
type Coming = Pick<LoadCall, "intendedAt" | "leadIn" | "query">;

/**
 * Makes calls on some connections. A call begins when it is due and a connection has its last answer. After a call has failed, none begins.
 *
 * @param next the call after the first `begun` ones; undefined: there are no more
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
 * Makes calls at known times.
 *
 * @param dueMs when calls are due, milliseconds from the begin on, ascending
 * @param leadIn how many calls at the beginning are lead-in
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

/** Draws the times at which a visit's calls are due, one after the other: the lead-in, then at most `calls` within `blockMs`. */
export function dueTimes({ leadIn, calls, blockMs }: LoadPlan, timeOf: (index: number) => number): Float64Array {
  const times = Float64Array.from({ length: leadIn + calls }, (_, i) => timeOf(i));
  const last = (times[leadIn] ?? 0) + blockMs;
  const over = times.findIndex((at, i) => i > leadIn && at > last);
  return over < 0 ? times : times.subarray(0, over);
}
