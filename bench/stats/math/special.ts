/*
 * The distribution functions that intervals need. Formulas: NIST DLMF 8.17 (incomplete beta), Lanczos (log-gamma, g = 7),
 * Lentz's method for the continued fraction. Checked against scipy.stats in special.test.ts.
 */

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Natural logarithm of the gamma function, for x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  const t = z + 7.5;
  const sum = LANCZOS.slice(1).reduce((acc, c, i) => acc + c / (z + i + 1), LANCZOS[0] as number);
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** The regularised incomplete beta function I_x(a, b), for a, b > 0 and x in [0, 1]. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast on this side; the other follows by symmetry.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  let c = 1;
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m < 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    result *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    result *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return front * result;
}

/** Keeps a denominator of a continued fraction away from 0. */
const guard = (value: number) => (Math.abs(value) < 1e-300 ? 1e-300 : value);

/** P(T <= t) of Student's t with `df` degrees of freedom; `df` may be a fraction, and Infinity is the normal. */
export function studentCdf(t: number, df: number): number {
  // For a million degrees and more the normal differs by less than 1e-6.
  if (df > 1e6) return normalCdf(t);
  const tail = 0.5 * incompleteBeta(df / (df + t * t), df / 2, 0.5);
  return t > 0 ? 1 - tail : tail;
}

/** The p-quantile of Student's t, 0 < p < 1. */
export function studentQuantile(p: number, df: number): number {
  if (p === 0.5) return 0;
  if (p < 0.5) return -studentQuantile(1 - p, df);
  let high = 1;
  while (studentCdf(high, df) < p && high < 1e12) high *= 2;
  let low = 0;
  for (let i = 0; i < 200 && high - low > 1e-13 * high; i++) {
    const middle = (low + high) / 2;
    if (studentCdf(middle, df) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(Z <= z) of the standard normal: the incomplete gamma function P(1/2, z²/2) by its series or continued fraction. */
export function normalCdf(z: number): number {
  const x = (z * z) / 2;
  if (x === 0) return 0.5;
  if (x > 700) return z > 0 ? 1 : 0;
  const front = Math.exp(-x + 0.5 * Math.log(x) - logGamma(0.5));
  let tail: number;
  if (x < 1.5) {
    let term = 2;
    let sum = 2;
    for (let k = 1; term > 1e-17 * sum; k++) sum += term *= x / (k + 0.5);
    tail = 1 - front * sum;
  } else {
    let b = x + 0.5;
    let c = 1e300;
    let d = 1 / b;
    let h = d;
    for (let i = 1; i < 500; i++) {
      const a = -i * (i - 0.5);
      b += 2;
      d = 1 / guard(a * d + b);
      c = guard(b + a / c);
      h *= c * d;
      if (Math.abs(c * d - 1) < 1e-16) break;
    }
    tail = front * h;
  }
  return z > 0 ? 1 - tail / 2 : tail / 2;
}

/** The p-quantile of the standard normal, 0 < p < 1. */
export function normalQuantile(p: number): number {
  return studentQuantile(p, Infinity);
}

/** P(F > f) of the F distribution; `below` may be Infinity. */
export function fTail(f: number, above: number, below: number): number {
  const df = Math.min(below, 1e7);
  return incompleteBeta(df / (df + above * f), df / 2, above / 2);
}

/** The derivatives of the logarithm of the gamma function, x > 0: recurrence up to 8, then the asymptotic series (DLMF 5.11). */
export function digamma(x: number): number {
  if (x < 8) return digamma(x + 1) - 1 / x;
  const f = 1 / x ** 2;
  return Math.log(x) - 0.5 / x - f * (1 / 12 - f * (1 / 120 - f * (1 / 252 - f / 240)));
}

/** The second one. */
export function trigamma(x: number): number {
  if (x < 8) return trigamma(x + 1) + 1 / x ** 2;
  const f = 1 / x ** 2;
  return 1 / x + f / 2 + (f / x) * (1 / 6 - f * (1 / 30 - f * (1 / 42 - f / 30)));
}

/** The x at which `trigamma` has a value above 0. It falls, so halving finds it. */
export function trigammaInverse(value: number): number {
  let [low, high] = [1e-8, 1e8];
  for (let i = 0; i < 100; i++) {
    const middle = Math.sqrt(low * high);
    if (trigamma(middle) > value) low = middle;
    else high = middle;
  }
  return Math.sqrt(low * high);
}
