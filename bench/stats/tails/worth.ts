import { quantile } from "../math/quantile.ts";
import { fTail } from "../math/special.ts";
import { type Batch, type Course, batchesOf } from "./batches.ts";

/** How many times as much the share of calls below a quantile varies as that of as many independent calls (design effect, Kish 1965). */
export interface DesignEffect {
  /** The estimate, for the interval. */
  readonly effect: number;
  /** A cautious estimate, at least 1, for the question whether there are enough calls. */
  readonly cautious: number;
  /** The number of visits or batches that it was estimated from; 0: too few. */
  readonly parts: number;
  /** These visits or batches in words. */
  readonly method: string;
}

/** With so many visits, whole visits are the parts. */
const VISITS_ENOUGH = 20;
/** Fewer visits are cut into about so many batches: the first number whose batches do not depend on each other, otherwise the last. */
const BATCHES = [40, 20, 10];
/** Level of the test whether batches depend on each other, as a normal quantile: one in six. A wrong yes costs little. */
const DEPENDS = 1;
/** Level of the test whether visits differ more than their batches. It is high, because few visits hardly show a difference. */
const DIFFER = 0.3;
/**
 * The slow calls of a high percentile come from few busy times. A run that met none of these by chance seems to have enough calls. So the
 * upper quartile counts, too, whose effect is known better. In queues, (effect - 1) at p95 and p99 is some 1.6 times that of the quartile.
 */
const QUARTILE = { q: 0.75, times: 1.6 };

/**
 * Estimates the design effect of a quantile, from whole visits if there are many or if they differ, otherwise from batches.
 *
 * @param sorted all latencies
 */
export function designEffect(visits: readonly Course[], sorted: Float64Array, q: number): DesignEffect {
  const { batches, method } = partsOf(visits, quantile(sorted, q), q);
  const own = effectBy(batches, quantile(sorted, q), q);
  const byQuartile = effectBy(batches, quantile(sorted, QUARTILE.q), QUARTILE.q);
  const hinted = q > QUARTILE.q ? 1 + QUARTILE.times * (byQuartile - 1) : 1;
  const cautious = Math.max(1, own, hinted);
  return { effect: (2 * own + cautious) / 3, cautious, parts: batches.length < 2 ? 0 : batches.length, method };
}

function partsOf(visits: readonly Course[], ms: number, q: number): { batches: readonly Batch[]; method: string } {
  const whole = batchesOf(visits, 1);
  if (visits.length >= VISITS_ENOUGH) return { batches: whole, method: `${visits.length} visits` };
  let batches: Batch[] = [];
  for (const wanted of BATCHES) {
    batches = batchesOf(visits, wanted);
    if (!dependOnEachOther(batches, ms, q)) break;
  }
  return visits.length > 1 && visitsDiffer(batches, whole, ms, q)
    ? { batches: whole, method: `${visits.length} visits, which differ` }
    : { batches, method: `${batches.length} batches of calls` };
}

/** For each batch: its number of calls, and how many more of them than expected lie at or below the quantile. */
function excesses(batches: readonly Batch[], ms: number, q: number): { visit: number; n: number; excess: number }[] {
  return batches.map(({ visit, latenciesMs }) => {
    let below = 0;
    for (const latency of latenciesMs) if (latency <= ms) below++;
    return { visit, n: latenciesMs.length, excess: below - q * latenciesMs.length };
  });
}

function effectBy(batches: readonly Batch[], ms: number, q: number): number {
  const own = excesses(batches, ms, q);
  const n = own.reduce((sum, b) => sum + b.n, 0);
  const mean = own.reduce((sum, b) => sum + b.excess, 0) / n;
  const squares = own.reduce((sum, b) => sum + (b.excess - mean * b.n) ** 2, 0);
  return (squares * batches.length) / (batches.length - 1) / (n * q * (1 - q));
}

/** Whether a batch with slow calls comes before another more often than by chance (von Neumann 1941, as batch means use it). */
function dependOnEachOther(batches: readonly Batch[], ms: number, q: number): boolean {
  const own = excesses(batches, ms, q);
  const squares = own.reduce((sum, b) => sum + b.excess ** 2, 0) / own.length;
  const pairs = own.slice(1).flatMap((b, i) => (own[i]?.visit === b.visit ? [b.excess * (own[i]?.excess ?? 0)] : []));
  const correlation = pairs.reduce((sum, p) => sum + p, 0) / pairs.length / squares;
  return correlation * Math.sqrt(pairs.length) > DEPENDS;
}

/** Whether visits differ more than their batches explain (analysis of variance). */
function visitsDiffer(batches: readonly Batch[], whole: readonly Batch[], ms: number, q: number): boolean {
  const [own, visits] = [excesses(batches, ms, q), excesses(whole, ms, q)];
  const squares = (of: readonly { n: number; excess: number }[]) => of.reduce((sum, b) => sum + b.excess ** 2 / b.n, 0);
  const n = visits.reduce((sum, v) => sum + v.n, 0);
  const all = visits.reduce((sum, v) => sum + v.excess, 0);
  const [above, below] = [visits.length - 1, batches.length - visits.length];
  const between = (squares(visits) - all ** 2 / n) / above;
  const within = (squares(own) - squares(visits)) / below;
  return below > 0 && within > 0 && fTail(between / within, above, below) < DIFFER;
}
