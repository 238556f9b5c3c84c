import type { Cell } from "../../matrix/cell.ts";
import type { Component, Noise } from "../effects/components.ts";
import { noiseOf } from "../effects/noise.ts";
import type { Sample } from "../effects/blocks.ts";
import { varianceOf } from "../effects/propagation.ts";
import { type Estimate, type Interval, estimateOf, intervalOf, ofLog } from "../math/estimate.ts";
import { once } from "../math/memo.ts";
import { mean } from "../math/quantile.ts";
import { type Moderated, type Prior, moderate, priorOf } from "./moderation.ts";
import { kin, samplesOf } from "./samples.ts";
import type { Study } from "../study.ts";
import { medianMsOf } from "../summary.ts";
import { type CellData, type Visit, isTimed, timedVisits } from "../visits.ts";

/** An interval and how it came about. */
export interface CentreInterval extends Interval {
  /** `like`: by the noise of like cells and its own. `own`: by its own visits alone. */
  readonly method: "like" | "own";
  /** Visits that it rests on. */
  readonly visits: number;
}

/** A cell's centre, as a logarithm of milliseconds, and its interval as the report shows it; null if there is none. */
export interface CellCentre {
  readonly log: Estimate;
  readonly interval: CentreInterval | null;
  /** Outliers make so few visits say nothing of a mean. */
  readonly skewed?: true;
}

/** What is measured of a cell: the mean of its visits' log medians, or the logarithm of the mean of their means. */
export type Figure = "median" | "mean";

/** A visit's part in that: its log median, or its mean over the cell's. Of means one slow call is as much more as it is longer. */
function valuesOf(data: CellData, figure: Figure): { readonly centre: number; readonly of: (v: Visit) => number } {
  if (figure === "median") return { centre: Math.log(medianMsOf(data)), of: (v) => Math.log(v.medianMs) };
  const whole = mean(timedVisits(data).map((v) => v.meanMs));
  return { centre: Math.log(whole), of: (v) => v.meanMs / whole };
}

/** How the intervals of a cell are made, for readers of a table. */
export const INTERVAL_RULE =
  "95 % intervals: Student's t on the logarithms of visits' medians (means), each visit weighing the same. The noise of a cell is averaged " +
  "with that of similar cells, as far as these agree (moderated variance, Smyth 2004); what visits of a round have in common is added. If " +
  "a cell is much noisier or quieter than similar cells, only its own visits count. Fewer than five visits cannot tell such a cell from the others: if it is noisier, its interval is too " +
  "narrow. A cell visited once has no interval";

interface FamilyCell {
  readonly id: string;
  readonly centre: number;
  readonly samples: readonly Sample[];
}

/** Cells that are as noisy as each other whoever calls (those of one model and load), with the noise of a figure. */
interface Family {
  readonly byId: ReadonlyMap<string, FamilyCell>;
  readonly noise: Noise;
  /** Skewness of the visits' figures around their cells. */
  readonly skewness: number;
}

const families = {
  median: once((study: Study) => familiesOf(study, "median")),
  mean: once((study: Study) => familiesOf(study, "mean")),
};

function familiesOf(study: Study, figure: Figure): ReadonlyMap<string, Family> {
  const measured = study.manifest.cells.filter((c) => isTimed(study.data.get(c.id)));
  const groups = [...Map.groupBy(measured, (c) => kin(study, c).alike[2]).values()];
  return new Map(
    groups.flatMap((own) => {
      const cells = own.map((cell) => {
        const { centre, of } = valuesOf(study.data.get(cell.id) as CellData, figure);
        return { id: cell.id, centre, samples: samplesOf(study, cell, of) };
      });
      const noise = noiseOf(
        cells.flatMap((c) => c.samples),
        { swept: false },
      );
      const family = { byId: new Map(cells.map((c) => [c.id, c])), noise, skewness: skewnessOf(cells) };
      return cells.map((c) => [c.id, family] as const);
    }),
  );
}

function skewnessOf(cells: readonly FamilyCell[]): number {
  const apart = cells.flatMap(({ samples }) => {
    const centre = mean(samples.map((s) => s.value));
    return samples.length < 2 ? [] : samples.map((s) => s.value - centre);
  });
  const moment = (k: number) => mean(apart.map((x) => x ** k));
  return moment(2) > 0 ? moment(3) / moment(2) ** 1.5 : 0;
}

const centres = {
  median: once((study: Study) => centresOf(study, "median")),
  mean: once((study: Study) => centresOf(study, "mean")),
};

/** The centre of every cell that has calls: of its visits' medians, or of their means. */
export function cellCentres(study: Study, figure: Figure): ReadonlyMap<string, CellCentre> {
  return centres[figure](study);
}

function centresOf(study: Study, figure: Figure): Map<string, CellCentre> {
  const distinct = new Set(families[figure](study).values());
  return new Map(
    [...distinct].flatMap(({ byId, noise, skewness }) => {
      const cells = [...byId.values()];
      const priorFor = priors(new Map(cells.map((c) => [c.id, c.samples])), noise);
      return cells.map(({ id, centre, samples }) => {
        const far = figure === "mean" && isSkewed(skewness, samples.length);
        const without: CellCentre = { log: unknown(centre), interval: null, skewed: true };
        return [id, far ? without : centreOf(centre, samples, noise, priorFor(samples))] as const;
      });
    }),
  );
}

const unknown = (value: number): Estimate => ({ value, se: NaN, df: 0 });

/**
 * Whether a mean of so many visits is far from normal: by half of what Cochran asks for (Sampling Techniques, 1977, 2.15: 25 times the
 * squared skewness for an error of 6 % in place of 5 %), simulations with outliers cover what they say from the squared skewness on.
 */
const isSkewed = (skewness: number, visits: number) => visits < skewness ** 2;

/**
 * The average over some cells of one model and load, as a logarithm: of each cell's log median, or of its mean. Its error is that of
 * the noise of like cells and of rounds (delta method): a cell brings the noise of its like, however often it was visited.
 *
 * @returns without an error where nothing alike was visited twice, or where outliers make so few visits say nothing of a mean
 */
export function centreOver(study: Study, cells: readonly Cell[], figure: Figure): Estimate {
  const known = families[figure](study);
  const own = cells.flatMap(({ id }) => {
    const family = known.get(id);
    const cell = family?.byId.get(id);
    return family === undefined || cell === undefined ? [] : [{ ...cell, family }];
  });
  const [first] = own;
  if (first === undefined) return unknown(NaN);
  const { noise, skewness } = first.family;
  const samples = own.flatMap((c) => c.samples);
  const whole = mean(own.map((c) => Math.exp(c.centre)));
  const share = (c: (typeof own)[number]) => (figure === "median" ? 1 : Math.exp(c.centre) / whole) / own.length;
  const weights = Float64Array.from(own.flatMap((c) => c.samples.map(() => share(c) / c.samples.length)));
  const { variance, df } = varianceOf(samples, weights, noise);
  const value = figure === "median" ? mean(own.map((c) => c.centre)) : Math.log(whole);
  const skewed = figure === "mean" && isSkewed(skewness, samples.length);
  return df > 0 && !skewed ? { value, se: Math.sqrt(variance), df } : unknown(value);
}

/** What the noise of one model and load is made of; undefined if no such cell has calls. */
export function noiseAt(study: Study, cell: Pick<Cell, "id">): Noise | undefined {
  return families.median(study).get(cell.id)?.noise;
}

/** What like cells say of a cell's variance: those of its client kind and model, wherever they run. */
function priors(samples: ReadonlyMap<string, readonly Sample[]>, noise: Noise) {
  const ofCells = new Map<string, Component[]>();
  for (const [id, [first]] of samples) {
    const own = noise.ofCell(id);
    const name = first?.alike[0] ?? "";
    if (own !== undefined) ofCells.set(name, [...(ofCells.get(name) ?? []), own]);
  }
  const made = new Map<string, Prior>();
  return ([first]: readonly Sample[]): Prior | undefined => {
    if (first === undefined || noise.own === undefined || noise.layers.length === 0) return undefined;
    const name = first.alike[0] ?? "";
    const known = made.get(name) ?? priorOf(ofCells.get(name) ?? [], noise.of(first.alike));
    made.set(name, known);
    return known;
  };
}

/** An interval is never narrower than so many of the standard errors that the cell's own visits show. */
const OWN_ERRORS = 2;

function centreOf(value: number, samples: readonly Sample[], noise: Noise, prior: Prior | undefined): CellCentre {
  const visits = samples.length;
  const alone = estimateOf(samples.map((s) => s.value));
  const moderated = visits < 2 ? undefined : known(samples, noise, prior);
  if (moderated === undefined) return { log: unknown(value), interval: null };
  const { variance, df, by } = moderated;
  const even = new Float64Array(visits).fill(1 / visits);
  const own = { ...noise, of: () => ({ variance, df, name: "" }) };
  const whole = varianceOf(samples, even, own);
  const log = { value, se: Math.sqrt(whole.variance), df: whole.df };
  const interval = intervalOf(log);
  if (interval === null) return { log: unknown(value), interval: null };
  const half = Math.max((interval.high - interval.low) / 2, OWN_ERRORS * alone.se);
  return {
    log: { ...log, se: log.se * (half === 0 ? 1 : half / ((interval.high - interval.low) / 2)) },
    interval: { low: ofLog(value - half), high: ofLog(value + half), method: by, visits },
  };
}

/** The noise of one visit of a cell; where there is no other cell, all of it is its own. */
function known(samples: readonly Sample[], noise: Noise, prior: Prior | undefined): Moderated | undefined {
  if (prior !== undefined) return moderate(noise.ofCell(samples[0]?.cell ?? ""), prior);
  return noise.own && { ...noise.own, by: "own" };
}
