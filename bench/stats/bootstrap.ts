import { estimateOf, type Estimate, type Interval, ratioOf } from "./math/estimate.ts";
import { mean, quantile, variance } from "./math/quantile.ts";
import { random, seedOf } from "./math/random.ts";
import { normalCdf, studentQuantile } from "./math/special.ts";
import type { CellData, Visit } from "./visits.ts";

/** Fewer visits than this and resampling them says too little: a t interval over the visits is given instead. */
export const BOOTSTRAP_VISITS = 10;
export const DRAWS = 1000;

/** An interval and how it came about. */
export interface CentreInterval extends Interval {
  readonly method: "bootstrap" | "t";
  /** Visits that it rests on. */
  readonly visits: number;
}

/** How the intervals of a cell are made, for readers of a table. */
export const INTERVAL_RULE =
  `95 % intervals: cluster bootstrap over visits (${DRAWS} seeded draws, percentiles widened for few visits after Hesterberg ` +
  `2015) from ${BOOTSTRAP_VISITS} visits on; below that Student's t over the visits' medians or means, on the logarithm, so that none reaches below zero; none for one visit`;

/**
 * Resamples a cell's visits with replacement, all calls of a visit together, and takes the pooled median (type 7) and mean
 * of each draw, both ascending. Sorted once: a draw walks the sorted calls with its visits' counts as weights.
 */
export function clusterBootstrap(data: CellData, seed: number, draws = DRAWS) {
  const { totalsMs, visits } = data;
  const visitOf = visits.flatMap((v, i) => new Array<number>(v.n).fill(i));
  const order = Int32Array.from(totalsMs.keys()).sort((a, b) => (totalsMs[a] as number) - (totalsMs[b] as number));
  const sorted = Float64Array.from(order, (i) => totalsMs[i] as number);
  const owner = Int32Array.from(order, (i) => visitOf[i] as number);
  const stream = random(seedOf(data.cell, seed));
  const counts = new Int32Array(visits.length);
  const mediansMs = new Float64Array(draws);
  const meansMs = new Float64Array(draws);
  for (let b = 0; b < draws; b++) {
    counts.fill(0);
    let n = 0;
    let sum = 0;
    for (let k = 0; k < visits.length; k++) {
      const i = stream.below(visits.length);
      const visit = visits[i] as Visit;
      counts[i] = (counts[i] as number) + 1;
      n += visit.n;
      sum += visit.meanMs * visit.n;
    }
    mediansMs[b] = weightedMedian(sorted, owner, counts, n);
    meansMs[b] = sum / n;
  }
  return { mediansMs: mediansMs.sort(), meansMs: meansMs.sort() };
}

function weightedMedian(sorted: Float64Array, owner: Int32Array, counts: Int32Array, n: number): number {
  const h = (n - 1) / 2;
  const low = Math.floor(h);
  let passed = 0;
  let first = NaN;
  for (let i = 0; i < sorted.length; i++) {
    passed += counts[owner[i] as number] as number;
    if (Number.isNaN(first) && passed > low) {
      first = sorted[i] as number;
      if (h === low) return first;
    }
    if (passed > low + 1) return (first + (sorted[i] as number)) / 2;
  }
  return first;
}

/**
 * The 95 % percentile interval of a bootstrap, its percentiles moved out so that it is as wide as a t interval would be for a
 * mean of as many clusters (Hesterberg, "What Teachers Should Know About the Bootstrap", 2015, section 5.3).
 *
 * @param sorted draws of the statistic, ascending
 */
function percentileInterval(sorted: Float64Array, clusters: number): Interval {
  const widened = Math.sqrt(clusters / (clusters - 1)) * studentQuantile(0.975, clusters - 1);
  const tail = normalCdf(-widened);
  return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

/** A cell's centre as the report shows it. Null: no interval, one visit only. */
export interface CellIntervals {
  readonly median: CentreInterval | null;
  readonly mean: CentreInterval | null;
  /** The logarithm of the median with its error, for ratios between cells. */
  readonly logMedian: Estimate;
}

/** Intervals of a cell's median and mean latency, by `INTERVAL_RULE`. */
export function cellIntervals(data: CellData, seed: number): CellIntervals {
  const count = data.visits.length;
  if (count < BOOTSTRAP_VISITS) {
    const logMedian = estimateOf(data.visits.map((v) => Math.log(v.medianMs)));
    const { value, se, df } = visitMean(data);
    // The error of a logarithm: delta method.
    const logMean = { value: Math.log(value), se: se / value, df };
    const shown = (log: Estimate): CentreInterval | null => {
      const { interval } = ratioOf(log);
      return interval && { ...interval, method: "t", visits: count };
    };
    return { median: shown(logMedian), mean: shown(logMean), logMedian };
  }
  const draws = clusterBootstrap(data, seed);
  const drawn = draws.mediansMs.map(Math.log);
  const pooled = quantile(Float64Array.from(data.totalsMs).sort(), 0.5);
  const se = Math.sqrt((variance(drawn) * count) / (count - 1));
  const shown = (sorted: Float64Array): CentreInterval => {
    return { ...percentileInterval(sorted, count), method: "bootstrap", visits: count };
  };
  return {
    median: shown(draws.mediansMs),
    mean: shown(draws.meansMs),
    logMedian: { value: Math.log(pooled), se, df: count - 1 },
  };
}

/**
 * The mean over all calls with the error that the visits' means show: a ratio estimator, each visit weighs by its calls
 * (Cochran, Sampling Techniques, 1977, 6.19 with whole clusters).
 */
export function visitMean(data: CellData): Estimate {
  const { visits, totalsMs } = data;
  const value = mean(totalsMs);
  const count = visits.length;
  if (count < 2) return { value, se: NaN, df: 0 };
  const sum = visits.reduce((acc, v) => acc + ((v.n / totalsMs.length) * (v.meanMs - value)) ** 2, 0);
  return { value, se: Math.sqrt((sum * count) / (count - 1)), df: count - 1 };
}
