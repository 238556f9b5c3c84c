import type { ModelSpec } from "./design.ts";
import type { Noise } from "./components.ts";
import { median } from "../math/quantile.ts";
import { type Observation, type Regression, type SetAside, regress, setAside } from "./regression.ts";
import { studentQuantile } from "../math/special.ts";

/** What is to be thought of the cells that were visited once. */
export interface Screening {
  /** Cells whose one visit is an outlier, and how many times as long it took as the others lead to expect. */
  readonly outliers: ReadonlyMap<string, number>;
  /** Cells whose one visit could not be tested, because no other cells predict it. */
  readonly untested: ReadonlySet<string>;
}

/** Nothing was visited once. */
export const ALL_SOUND: Screening = { outliers: new Map(), untested: new Set() };

/** The chance that a run without an outlier has a visit set aside. */
const FALSE_ALARM = 0.05;
/** Fewer degrees of freedom than this, and the scale of residuals is not known well enough to call one an outlier. */
const KNOWN_DF = 6;
/** A visit with less of its own error than this in its residual cannot be tested: the fit goes through it, whatever it is. */
const OWN_SHARE = 0.1;
/** The least scale of residuals: a thousandth of the latency. */
const SMALLEST = 1e-3;
/** From so many cells of one name on, these have a scale of their own. */
const KNOWN_CELLS = 12;
/** The median distance of a normal variable from its mean, in standard deviations. */
const NORMAL_MAD = 0.6745;

/** How outliers are found, for readers. */
export const SCREENING_RULE =
  "A cell that was visited once shows no noise of its own. So its visit is compared with what all other cells of its model predict " +
  "(externally studentised residuals, t test, Bonferroni over these cells; Cook and Weisberg 1982). The scale is the median absolute " +
  "deviation of cells from the model, and the most distant visit is tested first. An outlier is set aside, so that one slow call " +
  "moves no effect. If a visit could not be tested, nothing that rests on it has an interval";

/**
 * Finds the cells visited once whose visit is an outlier to the model of all others. A cell that was visited twice shows
 * its noise and needs no such test.
 *
 * The visit furthest out is set aside first, then the others are tested again. The scale is the normalised median absolute deviation
 * of the cells' residuals (Rousseeuw and Croux 1993; Hampel's identifier): outliers do not make it larger.
 */
export function screenOnce(observations: readonly Observation[], spec: ModelSpec, noise: Noise): Screening {
  const visits = new Map<string, number>();
  for (const { cell } of observations) visits.set(cell, (visits.get(cell) ?? 0) + 1);
  const once = observations.flatMap((o, i) => (visits.get(o.cell) === 1 ? [i] : []));
  if (once.length === 0) return ALL_SOUND;
  const nameOf = (i: number) => observations[i]?.cell ?? "";
  const all = { outliers: new Map<string, number>(), untested: new Set(once.map(nameOf)) };
  const fit = regress(observations, spec);
  const df = fit === undefined ? 0 : fit.cells.count - fit.design.width - 1;
  if (fit === undefined || df < KNOWN_DF) return all;

  const rows = new Map(once.map((i) => [i, fit.residualRow(i)]));
  const rowOf = (i: number) => rows.get(i) ?? fit.residualRow(i);
  const tested = once.filter((i) => rowOf(i)(i) > OWN_SHARE);
  const untested = new Set(once.filter((i) => !tested.includes(i)).map(nameOf));
  let out: SetAside | undefined = setAside(fit, []);
  while (out !== undefined) {
    const { indices } = out;
    const free = df - indices.length;
    // With half of the degrees of freedom gone, these cells follow no model.
    if (free < Math.max(KNOWN_DF, df / 2)) return all;
    const scaleOf = robustScale(observations, fit, out, noise);
    const limit = studentQuantile(1 - FALSE_ALARM / (2 * tested.length), free - 1);
    let furthest = { at: -1, t: limit };
    for (const i of tested) {
      if (indices.includes(i)) continue;
      const share = out.freedom(i, rowOf(i));
      const t = Math.abs(out.residuals[i] as number) / (scaleOf(i) * Math.sqrt(Math.max(share, 0)));
      if (share > OWN_SHARE && t > furthest.t) furthest = { at: i, t };
    }
    if (furthest.at < 0) break;
    const next = [...indices, furthest.at];
    out = setAside(fit, next, next.map(rowOf));
  }
  if (out === undefined) return all;
  const { shifts } = out;
  return { outliers: new Map(out.indices.map((i, a) => [nameOf(i), Math.exp(shifts[a] as number)])), untested };
}

/** The scale of one visit's residual, from the residuals of the cells like it that are not set aside. */
function robustScale(
  observations: readonly Observation[],
  fit: Regression,
  out: SetAside,
  noise: Noise,
): (i: number) => number {
  const { cells, design } = fit;
  const means = fit.cellMeans(out.residuals).map(Math.abs);
  const gone = new Set(out.indices.map((i) => cells.of[i]));
  // One visit of each cell that is not set aside, with the name of what it is as noisy as.
  const visits = new Map(observations.map((o, i) => [cells.of[i] as number, o.alike.at(-1) ?? ""]));
  const kept = [...visits].flatMap(([cell, name]) => (gone.has(cell) ? [] : [{ name, apart: means[cell] as number }]));
  // Residuals are as much smaller than errors as the fit has parameters.
  const stretch = Math.sqrt(kept.length / (kept.length - design.width - 1)) / NORMAL_MAD;
  const scaleOf = (some: typeof kept) => median(some.map((c) => c.apart)) * stretch;
  const groups = [...Map.groupBy(kept, (c) => c.name)].filter(([, own]) => own.length >= KNOWN_CELLS);
  const scales = new Map(groups.map(([name, own]) => [name, scaleOf(own)]));
  const whole = scaleOf(kept);
  return (i) => {
    const { alike = [] } = observations[i] ?? {};
    const own = noise.own === undefined ? 0 : Math.sqrt(noise.of(alike).variance);
    return Math.max(scales.get(alike.at(-1) ?? "") ?? whole, own, SMALLEST);
  };
}
