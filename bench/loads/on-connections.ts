import type { LoadCall, LoadTools } from "./load.ts";

/**
 * Makes calls on so many connections, each when it has its last answer and the call is due. None begins after one has failed.
 *
 * @param next what comes after the first `begun` calls; undefined: nothing, now or later
 */
export async function callOnConnections(
  connections: number,
  next: (begun: number) => Pick<LoadCall, "intendedAt" | "leadIn"> | undefined,
  { call, done, clock }: LoadTools,
): Promise<void> {
  let begun = 0;
  let failed = false;
  const keepBusy = async (connection: number): Promise<void> => {
    for (;;) {
      const coming = failed ? undefined : next(begun);
      if (coming === undefined) return;
      begun += 1;
      const { intendedAt, leadIn } = coming;
      if (intendedAt !== null) await clock.until(intendedAt);
      if (failed) return;
      const startAt = clock.now();
      const result = await call(connection);
      failed ||= !result.ok;
      done({ result, startAt, intendedAt, leadIn });
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, connection) => keepBusy(connection)));
}
