/**
 * Tests whether values are uniform between 0 and 1: Anderson and Darling's test of a fully known distribution (A test of goodness of
 * fit, JASA 49, 1954). It weighs both ends, where bunched and missing arrivals show. The p value is good to some 1e-5 (Marsaglia and
 * Marsaglia, Evaluating the Anderson-Darling distribution, J. Statistical Software 9(2), 2004).
 *
 * @returns the p value; 1 for fewer than two values
 */
export function uniformity(values: readonly number[]): number {
  const n = values.length;
  if (n < 2) return 1;
  const sorted = Float64Array.from(values, (u) => Math.min(1 - EDGE, Math.max(EDGE, u))).sort();
  let sum = 0;
  for (let i = 0; i < n; i++)
    sum += (2 * i + 1) * (Math.log(sorted[i] as number) + Math.log1p(-(sorted[n - 1 - i] as number)));
  const limit = limitShare(-n - sum / n);
  return Math.min(1, Math.max(0, 1 - limit - correction(n, limit)));
}

/** Values are kept so far from 0 and 1, whose logarithms would be infinite. */
const EDGE = 1e-15;

/** P(A² < z) in the limit of many values. */
function limitShare(z: number): number {
  if (z <= 0) return 0;
  const series = (...terms: readonly number[]) => terms.reduceRight((sum, term) => term + z * sum, 0);
  if (z < 2)
    return (
      (Math.exp(-1.2337141 / z) / Math.sqrt(z)) *
      series(2.00012, 0.247105, -0.0649821, 0.0347962, -0.011672, 0.00168691)
    );
  return Math.exp(-Math.exp(series(1.0776, -2.30695, 0.43424, -0.082433, 0.008056, -0.0003146)));
}

/** The correction of that limit for n values. */
function correction(n: number, x: number): number {
  const of = (at: number, ...terms: readonly number[]) => terms.reduceRight((sum, term) => term + at * sum, 0);
  if (x > 0.8) return of(x, -130.2137, 745.2337, -1705.091, 1950.646, -1116.36, 255.7844) / n;
  const edge = 0.01265 + 0.1757 / n;
  if (x < edge) {
    const t = x / edge;
    return (Math.sqrt(t) * (1 - t) * (49 * t - 102) * (0.0037 / n ** 2 + 0.00078 / n + 0.00006)) / n;
  }
  const t = (x - edge) / (0.8 - edge);
  return (of(t, -0.00022633, 6.54034, -14.6538, 14.458, -8.259, 1.91864) * (0.04213 + 0.01365 / n)) / n;
}
