import { type ReportInputs, neverReached } from "../section.ts";
import type { Extent } from "./types.ts";

/** What was measured, in numbers. */
export function extentOf(inputs: ReportInputs): Extent {
  const { manifest, cells, summaries, study } = inputs;
  const own = [...summaries.values()];
  const { untold, loaded } = study ?? {};
  // Calls whose latencies are not told were made all the same.
  const hidden = [...(untold?.keys() ?? [])].reduce((sum, id) => sum + (loaded?.get(id)?.totalsMs.length ?? 0), 0);
  const visits = [...(study?.data.values() ?? [])].map((d) => d.visits.length).filter((n) => n > 0);
  return {
    run: manifest.id,
    cells: cells.length,
    measured: own.filter((s) => (s.n > 0 || untold?.has(s.cell) === true) && s.failure === undefined).length,
    failed: own.filter((s) => s.failure !== undefined).length,
    missing: neverReached(inputs).length,
    calls: own.reduce((sum, s) => sum + s.n, 0) + hidden,
    failedCalls: own.reduce((sum, s) => sum + s.failedCalls, 0),
    visits: visits.length === 0 ? [0, 0] : [Math.min(...visits), Math.max(...visits)],
    seconds: secondsOf(inputs),
  };
}

/** How long a run took; a pause between two sessions is part of it. */
export function secondsOf({ study }: Pick<ReportInputs, "study">): number | null {
  const times = [...(study?.data.values() ?? [])].flatMap((d) =>
    d.visits.flatMap(({ at, spanMs = 0 }) =>
      at !== undefined && Number.isFinite(at) ? [[at, at + spanMs] as const] : [],
    ),
  );
  if (times.length === 0) return null;
  const [begin, end] = times.reduce(([a, b], [from, to]) => [Math.min(a, from), Math.max(b, to)], [Infinity, 0]);
  return (end - begin) / 1000;
}
