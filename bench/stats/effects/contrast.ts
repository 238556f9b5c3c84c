import { type Doubt, type Interval, type RatioEstimate, ofLog } from "../math/estimate.ts";
import { quantile } from "../math/quantile.ts";
import { normalQuantile, studentQuantile } from "../math/special.ts";
import { type Propagated, jointDraws } from "./propagation.ts";

/** A linear combination of coefficients, as a logarithm. */
export interface Contrast {
  readonly log: number;
  /** Null if the data cannot give one that says anything. */
  readonly interval: Interval | null;
  /** What moves it, each as a standard deviation, in one order for all contrasts of a fit; empty if that is not known. */
  readonly moves: Float64Array;
  readonly df: number;
  readonly doubt: Doubt | undefined;
  /** How many times as wide its interval must be before anything is decided by it: 1 where nothing is in doubt. */
  readonly caution: number;
}

/** The upper end of 95 % intervals. */
const UPPER = 0.975;
/** Half of an interval, as a logarithm, beyond which it says nothing. */
const WIDEST = Math.log(1000);
const DRAWS = 1000;
const WITHOUT_ERROR = { interval: null, moves: new Float64Array(), df: 0, doubt: undefined, caution: 1 };

/**
 * A contrast whose error is worked out when it is first asked for: that takes time, and many a contrast is asked for its value
 * alone.
 *
 * @param errorOf undefined if nothing can be said of the error
 */
export function contrastOf(log: number, errorOf: () => Propagated | undefined): Contrast {
  const known = lazily(() => {
    const error = errorOf();
    if (error === undefined) return WITHOUT_ERROR;
    const { variance, df, moves, doubt, caution = 1 } = error;
    if (doubt === "lasting") return { ...WITHOUT_ERROR, doubt };
    const half = df >= 1 ? studentQuantile(UPPER, df) * Math.sqrt(variance) : Infinity;
    return half <= WIDEST
      ? { interval: { low: log - half, high: log + half }, moves, df, doubt, caution }
      : WITHOUT_ERROR;
  });
  return {
    log,
    get interval() {
      return known().interval;
    },
    get moves() {
      return known().moves;
    },
    get df() {
      return known().df;
    },
    get doubt() {
      return known().doubt;
    },
    get caution() {
      return known().caution;
    },
  };
}

/** Makes a value when it is first asked for, once. */
export function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** A contrast as a ratio. */
export function ratioOfContrast(c: Pick<Contrast, "log" | "interval" | "doubt">): RatioEstimate {
  return {
    ratio: ofLog(c.log),
    interval: c.interval && { low: ofLog(c.interval.low), high: ofLog(c.interval.high) },
    ...(c.doubt && { doubt: c.doubt }),
  };
}

/** The interval of a function of contrasts of one fit, from draws of all of them together. */
export function jointInterval(
  contrasts: readonly Contrast[],
  f: (logs: readonly number[]) => number,
  seed = 1,
): Interval | null {
  if (contrasts.some((c) => c.interval === null)) return null;
  const centre = f(contrasts.map((c) => c.log));
  const drawn = jointDraws(
    contrasts.map((c) => c.moves),
    { draws: DRAWS, seed },
  ).map((errors) => f(contrasts.map((c, i) => c.log + (errors[i] as number))) - centre);
  const sorted = Float64Array.from(drawn).sort();
  // Percentiles of centred draws, stretched from the normal's width to Student's.
  const stretch = studentQuantile(UPPER, Math.min(...contrasts.map((c) => c.df))) / normalQuantile(UPPER);
  const end = (q: number) => centre + stretch * quantile(sorted, q);
  return { low: end(1 - UPPER), high: end(UPPER) };
}

/** A contrast's 95 % interval, widened so that so many of them hold together (Bonferroni); null if that says nothing. */
export function simultaneous(
  { log, interval, df }: Pick<Contrast, "log" | "interval" | "df">,
  comparisons: number,
): Interval | null {
  if (interval === null) return null;
  const quantile = (tail: number) => studentQuantile(1 - tail, df);
  const half = ((interval.high - interval.low) / 2) * (quantile(0.025 / Math.max(1, comparisons)) / quantile(0.025));
  return half > WIDEST ? null : { low: log - half, high: log + half };
}
