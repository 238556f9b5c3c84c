import type { Doubt } from "../math/estimate.ts";

/*
 * Noise that lasts: what slows a machine down for an hour slows several of its rounds alike. Its autocorrelation is taken to fall
 * by one factor from round to round (AR(1)).
 */

/** Fewer rounds than this do not show whether noise lasts from one to the next. */
export const ROUNDS_TO_TELL = 8;
/** From so many rounds on, the correlation is known well enough that intervals hold what they say. */
export const ROUNDS_TO_KNOW = 30;

/** So strongly a machine's rounds are taken to go together where nothing may be called faster that only seems so: `bench:truth` tries it. */
const ASSUMED = 0.75;

/** What a run can tell of noise that lasts, for readers. */
export const DRIFT_RULE =
  `If a machine's bad rounds come in a row, comparisons of machines, and milliseconds, are less sure than their visits say. Fewer than ` +
  `${ROUNDS_TO_TELL} rounds cannot show it; fewer than ${ROUNDS_TO_KNOW} cannot show how much wider intervals must be. So where such rounds are seen ` +
  "to come in a row (a test at 5 %), a run of fewer gives no interval, and otherwise it says beside the figure what it cannot tell. " +
  `An answer or a verdict then rests on a wider interval: as if one round went together with the next by ${ASSUMED}.`;

/** The same beside a figure, in a few words. */
export const DOUBT_WORDS: Readonly<Record<Doubt, string>> = {
  short: "too few rounds to tell whether the machines' noise lasts",
  lasting: "too few rounds to tell: the machines' noise lasts",
};

/** How many standard errors of no correlation a correlation lies above where it is taken to be one: 5 %, one tail. */
const SURELY = 1.645;

/** How many times as large a variance of an even mean over so many rounds is, if they go together as assumed and not as seen. */
export function cautionOf(rounds: number, seen: number): number {
  const even = new Map(Array.from({ length: rounds }, (_, round) => [round, 1 / rounds]));
  const of = (persistence: number) => lastingSquare(even, persistence) * lastingVariance(rounds, persistence).factor;
  return Math.max(1, of(ASSUMED) / of(seen));
}

/** More than this is not told from a drift that never ends. */
const MOST = 0.9;

/**
 * The autocorrelation from one round to the next of several series around their own means, never below 0. A short series is
 * too low on average by (1 + 3 r) / rounds, which is added (Kendall 1954, Marriott and Pope 1954).
 *
 * @param series each a value by round
 * @returns 0 if the series are too short to tell
 */
export function persistenceOf(series: readonly ReadonlyMap<number, number>[]): number {
  const { seen, length, pairs } = correlationOf(series);
  return pairs === 0 ? 0 : Math.min(MOST, Math.max(0, seen + (1 + 3 * seen) / length));
}

/**
 * Whether such series surely go together from round to round: their correlation lies further above that of independent values
 * (-1 / rounds, with an error of 1 / sqrt(pairs), Bartlett 1946) than one in twenty of those.
 *
 * @param together so many of the series tell of the others: their values of a round add up to nothing
 */
export function isLasting(series: readonly ReadonlyMap<number, number>[], together = 0): boolean {
  const { seen, length, pairs } = correlationOf(series);
  const own = pairs * (1 - together / Math.max(1, series.length));
  return own > 0 && (seen + 1 / length) * Math.sqrt(own) > SURELY;
}

function correlationOf(series: readonly ReadonlyMap<number, number>[]) {
  let [products, squares, rounds, pairs] = [0, 0, 0, 0];
  for (const values of series) {
    if (values.size < ROUNDS_TO_TELL) continue;
    rounds += values.size;
    for (const [round, value] of values) {
      squares += value ** 2;
      const next = values.get(round + 1);
      if (next === undefined) continue;
      products += value * next;
      pairs += 1;
    }
  }
  if (pairs === 0 || squares === 0) return { seen: 0, length: 1, pairs: 0 };
  const length = rounds / series.filter((s) => s.size >= ROUNDS_TO_TELL).length;
  return { seen: products / pairs / (squares / rounds), length, pairs };
}

/**
 * The square of a weighted sum of noise that lasts, as a multiple of its variance: the sum of weights' products, each times how
 * far the two rounds go together.
 */
export function lastingSquare(weights: ReadonlyMap<number, number>, persistence: number): number {
  let sum = 0;
  // What all rounds before come to in the next one: it falls from round to round.
  let before = 0;
  let last: number | undefined;
  for (const [round, weight] of [...weights].sort(([a], [b]) => a - b)) {
    before *= last === undefined ? 0 : persistence ** (round - last);
    sum += weight ** 2 + 2 * weight * before;
    before += weight;
    last = round;
  }
  return sum;
}

/**
 * By how much a variance around the mean of so many rounds is too low where they go together, and how many of its degrees of freedom
 * are left (Bartlett 1946).
 */
export function lastingVariance(rounds: number, persistence: number): { readonly factor: number; readonly df: number } {
  if (persistence === 0 || rounds < 2) return { factor: 1, df: 1 };
  const even = new Map(Array.from({ length: rounds }, (_, round) => [round, 1 / rounds]));
  const inMean = lastingSquare(even, persistence);
  return {
    factor: (1 - 1 / rounds) / Math.max(0.1, 1 - inMean),
    df: (1 - persistence ** 2) / (1 + persistence ** 2),
  };
}
