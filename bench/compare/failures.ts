import type { Cell } from "../matrix/cell.ts";
import { holm } from "../stats/math/holm.ts";
import { logGamma } from "../stats/math/special.ts";
import type { Levels } from "../stats/effects/design.ts";
import { groupsBut, levelsOf } from "../stats/levels.ts";
import type { Study } from "../stats/study.ts";
import { failedOf } from "../stats/visits.ts";
import { otherwiseCalled } from "./provenance.ts";

/** Visits with a failure, of those that were made, and the measured calls in them. */
export interface FailureRate {
  readonly visits: number;
  readonly tried: number;
  readonly calls: number;
  readonly made: number;
}

/** Failures of a group of cells, or of all, in both runs. */
export interface FailureChange {
  /** Levels of its cells on all axes but the image; null: all cells. */
  readonly group: Levels | null;
  readonly a: FailureRate;
  readonly b: FailureRate;
  /** Fisher's exact test, one-sided: how probable so many failures in B are where both runs fail alike. */
  readonly p: number;
  /** `rose`: also with all groups at once (Holm, 1 %). `seems`: by itself (2.5 %). */
  readonly change: "rose" | "seems" | "no";
}

/** Chance that failures of one set-up are said to have risen. */
const ALPHA = 0.01;
const ALONE = 0.025;

/** The rule behind `FailureChange`, for readers of the table. */
export const FAILURE_RULE =
  "Failures rose: Fisher's exact test at 1 %, over all groups and the whole together (Holm). It is one-sided, and counts visits, " +
  "because calls of one visit fail together. Failures seem to have risen: the same test at 2.5 %, by itself";

/**
 * Failures of all cells that both runs visited and called alike, and of each group in which something failed. The first is
 * the whole.
 */
export function failureChanges(a: Study, b: Study): FailureChange[] {
  const others = otherwiseCalled(a.manifest, b.manifest);
  const both = a.manifest.cells.filter((c) => a.data.has(c.id) && b.data.has(c.id) && !others.has(c.id));
  if (both.length === 0) return [];
  const sets = [
    { group: null, cells: both },
    ...groupsBut(both, a.axes, ["image"]).map((own) => ({ group: levelsOf(own[0], a.axes, ["image"]), cells: own })),
  ];
  const tested = sets.map(({ group, cells: own }) => {
    const [x, y] = [rateOf(own, a), rateOf(own, b)];
    return { group, a: x, b: y, p: fisherRise([x.visits, x.tried], [y.visits, y.tried]) };
  });
  const together = holm(
    tested.map(({ p }) => p),
    ALPHA,
  );
  return tested
    .map((t, i) => ({ ...t, change: together[i]?.rejected === true ? "rose" : t.p <= ALONE ? "seems" : "no" }) as const)
    .filter((t) => t.group === null || t.a.visits + t.b.visits > 0);
}

function rateOf(cells: readonly Cell[], study: Study): FailureRate {
  const sum = { visits: 0, tried: 0, calls: 0, made: 0 };
  for (const cell of cells) {
    const data = study.data.get(cell.id);
    if (data === undefined) continue;
    const failed = failedOf(data);
    sum.visits += failed.visits;
    sum.tried += failed.tried;
    sum.calls += failed.calls;
    sum.made += data.totalsMs.length + failed.calls;
  }
  return sum;
}

/**
 * Fisher's exact test of two rates, one-sided: the chance of as many failures as `after` has, or more, with as many failures
 * in both together, where the rates are alike (hypergeometric).
 */
export function fisherRise(
  [failedBefore, before]: readonly [number, number],
  [failedAfter, after]: readonly [number, number],
): number {
  const failed = failedBefore + failedAfter;
  const log = (k: number) => logChoose(after, k) + logChoose(before, failed - k) - logChoose(before + after, failed);
  let p = 0;
  for (let k = failedAfter; k <= Math.min(failed, after); k++) p += Math.exp(log(k));
  return Math.min(1, p);
}

function logChoose(n: number, k: number): number {
  return k < 0 || k > n ? -Infinity : logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
}
