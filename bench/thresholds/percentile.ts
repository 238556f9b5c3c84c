import { formatMs } from "../format/numbers.ts";
import { callsFor } from "../matrix/experiments/threshold.ts";
import { MIN_VISITS } from "../matrix/limits.ts";
import { carries, quantile } from "../stats/math/quantile.ts";
import type { CellGroup } from "../stats/levels.ts";
import type { Study } from "../stats/study.ts";
import { type CellData, failedOf } from "../stats/visits.ts";
import { count } from "../../lib/words.ts";
import { type Counted, type ShareTest, shareTest } from "./share.ts";
import type { ThresholdResult } from "./result.ts";

/** What a group's calls say of a percentile's limit; `test` where they are enough to judge it. */
export interface PercentileFinding extends Pick<ThresholdResult, "outcome" | "measured" | "calls" | "why"> {
  readonly test?: ShareTest;
}

/** A percentile's limit. */
export interface PercentileLimit {
  readonly q: number;
  readonly limitMs: number;
}

/**
 * Holds the calls of a group, taken together over its images, against a percentile's limit. Where a cell failed the limit is
 * broken. Where the calls cannot carry the percentile, or were made in fewer rounds than a cell's precision takes, it is
 * inconclusive: a percentile of so few calls is hardly more than the slowest of them.
 *
 * @returns `outcome` as this group alone shows it; broken only where a cell failed, since the rest is judged with all others
 */
export function percentileOf(study: Study, group: CellGroup, { q, limitMs }: PercentileLimit): PercentileFinding {
  const untold = group.flatMap((cell) => study.untold?.get(cell.id) ?? []);
  const fellBehind = untold.some(({ kind }) => kind === "behind");
  // Slow calls of a server that fell behind break a limit; that others were not slow yet shows nothing.
  const told = fellBehind ? (study.loaded ?? study.data) : study.data;
  const data = group.flatMap((cell) => told.get(cell.id) ?? []);
  const sorted = Float64Array.from(data.flatMap((d) => Array.from(d.totalsMs))).sort();
  const calls = sorted.length;
  const carried = carries(calls, q) ? quantile(sorted, q) : null;
  const measured = fellBehind ? null : carried;
  const dead = data.filter((d) => d.failure !== undefined);
  if (dead.length > 0) {
    const why = `${count(dead.length, "cell")} of ${group.length} failed: ${dead[0]?.failure?.code ?? ""}`;
    return { outcome: "broken", measured, calls, why };
  }
  const open = (why: string): PercentileFinding => ({ outcome: "inconclusive", measured, calls, why });
  const other = untold.find(({ kind }) => kind !== "behind");
  if (other !== undefined) return open(other.why);
  const missing = group.length - data.filter((d) => d.totalsMs.length > 0).length;
  if (missing > 0) return open(`${missing} of ${count(group.length, "cell")} not measured`);
  if (carried === null) return open(`${count(calls, "call")}; a ${percentTitle(q)} takes ${callsFor(q)}`);
  const rounds = new Set(data.flatMap((d) => d.visits.map((v) => v.round))).size;
  if (rounds < MIN_VISITS) return open(`${count(rounds, "round")}; a percentile takes ${MIN_VISITS}`);
  const failed = data.reduce((sum, d) => sum + failedOf(d).calls, 0);
  const test = shareTest(
    data.flatMap((d) => countedOf(d, limitMs)),
    1 - q,
    failed,
  );
  const shown = fellBehind ? "the server fell behind" : `${percentTitle(q)} is ${formatMs(carried)} ms`;
  const slower = `${shown}; ${(100 * (test.slow / test.n)).toFixed(1)} % of ${test.n} calls took ${formatMs(limitMs)} ms or more`;
  const why = failed === 0 ? slower : `${slower} (${count(failed, "call")} failed)`;
  return { outcome: test.pHolds <= 0.025 && !fellBehind ? "holds" : "inconclusive", measured, calls, why, test };
}

/** A cell's visits, and how many calls of each were slower. */
function countedOf({ cell, totalsMs, visits }: CellData, limitMs: number): Counted[] {
  let at = 0;
  return visits.map(({ round, n }) => {
    const own = totalsMs.subarray(at, (at += n));
    return { cell, round, n, slow: own.filter((ms) => ms >= limitMs).length };
  });
}

/** `p95`, `p99.9`. */
function percentTitle(q: number): string {
  return `p${Number((100 * q).toFixed(1))}`;
}
