import { incompleteBeta, studentQuantile } from "../stats/math/special.ts";

/** Calls of one visit to one cell, and how many of them were slower than a limit. */
export interface Counted {
  readonly cell: string;
  readonly round: number;
  readonly n: number;
  readonly slow: number;
}

/** How calls compare with a limit that a share of them at most may exceed. */
export interface ShareTest {
  readonly n: number;
  readonly slow: number;
  /** How probable so many slow calls are where the share is kept exactly: small where it is broken. */
  readonly pBroken: number;
  /** How probable so few are: small where it holds. */
  readonly pHolds: number;
}

/** How percentiles are held against their limits, for readers. */
export const SHARE_RULE =
  "A percentile holds if the share of slower calls is surely smaller than it allows, by an exact binomial test at 2.5 %. Calls of one " +
  "visit or round are alike, so they count as fewer calls (Korn and Graubard 1998). Broken is judged for all thresholds together " +
  "(Holm). Calls that failed count as slower";

/**
 * Tests whether at most `share` of all calls are slower than a limit. Calls of one visit are alike, and so are those of one
 * round: their effective number is smaller by the larger of both design effects, cells being strata (Korn and Graubard,
 * "Confidence intervals for proportions with small expected number of positive counts estimated from survey data", Survey
 * Methodology 24, 1998).
 *
 * @param failed calls without a latency: slow, whatever the limit
 */
export function shareTest(visits: readonly Counted[], share: number, failed = 0): ShareTest {
  const sum = (of: (v: Counted) => number) => visits.reduce((total, v) => total + of(v), 0);
  const [n, slow] = [sum((v) => v.n) + failed, sum((v) => v.slow) + failed];
  const worth = effective(visits);
  const [calls, above] = [n * worth, slow * worth];
  return {
    ...{ n, slow },
    // P(X ≥ above) and P(X ≤ above) of a binomial, by the incomplete beta function, which takes fractions.
    pBroken: above <= 0 ? 1 : incompleteBeta(share, above, calls - above + 1),
    pHolds: above >= calls ? 1 : incompleteBeta(1 - share, calls - above, above + 1),
  };
}

/** What one call is worth beside an independent one: 1 at most. */
function effective(visits: readonly Counted[]): number {
  const byCell = Map.groupBy(visits, (v) => v.cell);
  const shares = new Map(
    [...byCell].map(([cell, own]) => [cell, total(own, (v) => v.slow) / total(own, (v) => v.n)] as const),
  );
  const n = total(visits, (v) => v.n);
  const p = total(visits, (v) => v.slow) / n;
  // All calls on one side: nothing shows how alike they are.
  if (!(p > 0 && p < 1)) return 1;
  const beyond = (v: Counted) => v.slow - (shares.get(v.cell) ?? p) * v.n;
  const perVisit = [...byCell.values()].map((own) => {
    const spread = own.length / Math.max(1, own.length - 1);
    // One visit lies on its cell's share exactly: it is held against that of all.
    return own.length === 1 ? total(own, (v) => (v.slow - p * v.n) ** 2) : spread * total(own, (v) => beyond(v) ** 2);
  });
  const rounds = [...Map.groupBy(visits, (v) => v.round).values()];
  const perRound = rounds.map((own) => total(own, beyond) ** 2);
  const squares = Math.max(
    total(perVisit, (x) => x),
    (rounds.length / Math.max(1, rounds.length - 1)) * total(perRound, (x) => x),
  );
  const design = Math.max(1, squares / n ** 2 / ((p * (1 - p)) / n));
  const df = Math.max(1, visits.length - byCell.size);
  const few = (studentQuantile(0.975, Math.max(1, n - 1)) / studentQuantile(0.975, df)) ** 2;
  return Math.min(1, few / design);
}

function total<T>(items: Iterable<T>, of: (item: T) => number): number {
  let sum = 0;
  for (const item of items) sum += of(item);
  return sum;
}
