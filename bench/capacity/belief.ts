/*
 * A probability distribution of a server's capacity. The capacity is the highest rate at which at most the share `alpha` of calls misses the
 * limit. The distribution is the posterior of probabilistic bisection (Horstein, "Sequential transmission using noiseless feedback", IEEE
 * Trans. Inf. Theory 9, 1963; Waeber, Frazier and Henderson, "Bisection search with noisy responses", SIAM J. Control Optim. 51, 2013): a
 * density over the logarithm of the rate, which each step's result reweights by its likelihood. In those papers a result is "too low" or "too
 * high", and is wrong with a known chance. Here it is the number of calls that missed the limit. Their chance depends on the distance of the
 * rate from the capacity, so a step near the capacity shows how near it is.
 */

/** One step's result: how many calls at a rate missed the limit. Calls are counted by how many independent ones they are worth. */
export interface Evidence {
  readonly ratePerSecond: number;
  readonly calls: number;
  readonly missed: number;
  /** The rate is far beyond the capacity. How far does not show: a longer step would have more missed calls. */
  readonly overload: boolean;
}

/** A density over the logarithm of the capacity, for each steepness that a server may have. */
export interface Belief {
  /** The share of calls that may miss the limit: .01 for a p99. */
  readonly alpha: number;
  /** Logarithms of rates, ascending, evenly apart. */
  readonly logs: Float64Array;
  /** Natural logarithms of weights: `FACTORS.length` for each rate. */
  readonly weights: Float64Array;
  /** How steep a server of each capacity is expected to be. */
  readonly steepness: Float64Array;
}

/** Distance of neighbouring rates, as a logarithm: a fifth of the default precision. */
const STEP = 0.01;
/** The lowest and the highest possible capacity, as multiples of the highest throughput that was seen. */
const LOWEST = 1 / 100;
const HIGHEST = 3;
/** Up to this multiple of the throughput, all rates are equally likely. */
const LIKELY = 1.1;
/** Beyond it, the density falls by a factor e whenever the logarithm of the rate grows by this. */
const BEYOND = 0.1;

/**
 * How much the log odds of a missed call grow with the logarithm of the rate, near the capacity c of a server whose highest throughput is X.
 * In a queue, the chance to wait longer than t falls as exp(-k (1 - rate/X) t) (exact in M/M/k; for others in heavy traffic: Kingman, "The
 * single server queue in heavy traffic", 1961). At the capacity this chance is `alpha`. So the result is ln(1/alpha) u / (1 - u), with u = c / X.
 * A server may differ from that by the factors below. More are steeper than flatter: at a constant rate queues begin suddenly.
 */
export const steepnessAt = (ofThroughput: number, alpha: number) =>
  Math.min(
    STEEPEST,
    Math.max(FLATTEST, -Math.log(alpha) * (ofThroughput / Math.max(1e-9, 1 - ofThroughput)) || STEEPEST),
  );
const STEEPEST = 120;
const FLATTEST = 1;
const FACTORS = [0.35, 0.5, 0.7, 1, 1.4, 2, 3, 6] as const;
/** How far from 1 the factors are held possible: standard deviations of their logarithms. */
const SPREAD = { flatter: 0.3, steeper: 0.9 };

/** At any rate, pauses of the machine make at least this part of `alpha` miss the limit. */
const BACKGROUND = 0.1;
/** A share of missed calls above this multiple of `alpha` counts only as "at least this multiple": so far out the log odds are not linear. */
const NEAR = 12;
/** The chance that a step looked overloaded though the rate was not too high: a pause of the machine. */
const MISTAKEN = 0.01;

/** The distribution before the first step at a rate. @param throughputPerSecond the highest that was seen in a closed loop */
export function priorBelief(throughputPerSecond: number, alpha: number): Belief {
  const from = Math.log(throughputPerSecond * LOWEST);
  const size = Math.ceil(Math.log(HIGHEST / LOWEST) / STEP) + 1;
  const logs = Float64Array.from({ length: size }, (_, i) => from + i * STEP);
  const likely = Math.log(throughputPerSecond * LIKELY);
  const weights = new Float64Array(size * FACTORS.length);
  for (let i = 0; i < size; i++) {
    const log = logs[i] as number;
    // Uniform over the rate: over its logarithm, the weight goes with the rate.
    const weight = log - Math.max(0, log - likely) / BEYOND;
    for (const [s, factor] of FACTORS.entries())
      weights[i * FACTORS.length + s] =
        weight - (Math.log(factor) / (factor < 1 ? SPREAD.flatter : SPREAD.steeper)) ** 2 / 2;
  }
  const steepness = logs.map((log) => steepnessAt(Math.exp(log) / throughputPerSecond, alpha));
  return { alpha, logs, weights, steepness };
}

/** The distribution after another step. Pure. */
export function learn(belief: Belief, { ratePerSecond, calls, missed, overload }: Evidence): Belief {
  const { alpha, logs } = belief;
  const at = Math.log(ratePerSecond);
  const oddsAtCapacity = Math.log(alpha / (1 - alpha));
  const near = Math.min((1 + alpha) / 2, NEAR * alpha);
  const most = missed > near * calls ? near : 1 - 1e-6;
  const seen = Math.min(missed, near * calls);
  const weights = belief.weights.slice();
  for (let i = 0; i < logs.length; i++) {
    const beyond = at - (logs[i] as number);
    for (let s = 0; s < FACTORS.length; s++) {
      const share =
        1 / (1 + Math.exp(-oddsAtCapacity - (FACTORS[s] as number) * (belief.steepness[i] as number) * beyond));
      const p = Math.min(most, Math.max(share, BACKGROUND * alpha));
      const log = overload
        ? Math.log(beyond > 0 ? 1 - MISTAKEN : MISTAKEN)
        : seen * Math.log(p) + (calls - seen) * Math.log1p(-p);
      (weights[i * FACTORS.length + s] as number) += log;
    }
  }
  return { ...belief, weights };
}

/** The probability of each rate, summed over all factors. */
function density({ logs, weights }: Belief): Float64Array {
  const most = weights.reduce((a, b) => Math.max(a, b), -Infinity);
  const sums = Float64Array.from(logs, (_, i) => {
    let sum = 0;
    for (let s = 0; s < FACTORS.length; s++) sum += Math.exp((weights[i * FACTORS.length + s] as number) - most);
    return sum;
  });
  const all = sums.reduce((a, b) => a + b, 0);
  return sums.map((sum) => sum / all);
}

/** Rates below which the capacity lies with the chances `ps` (ascending), calls a second. Pure. */
export function capacityQuantiles(belief: Belief, ps: readonly number[]): number[] {
  const own = density(belief);
  const found: number[] = [];
  let below = 0;
  for (let i = 0; i < own.length; i++) {
    const mass = own[i] as number;
    // Within a step of the grid the density is even.
    for (let p = ps[found.length]; p !== undefined && p <= below + mass + 1e-12; p = ps[found.length])
      found.push(Math.exp((belief.logs[i] as number) + STEP * ((p - below) / mass - 0.5)));
    below += mass;
  }
  return found;
}
