import { dot, invertSymmetric, multiply } from "../../../bench/stats/math/matrix.ts";
import { fTail } from "../../../bench/stats/math/special.ts";
import type { Difference } from "./bound.ts";
import type { Contrasts } from "./contrasts.ts";

/** How often pairs that have one difference may be said to have several. */
const DISAGREE = 0.1;

/**
 * The difference that several pairs of arms have in common: their mean, weighted by generalised least squares.
 *
 * @param pairs ids; both arms of each were measured
 * @returns null where the pairs surely have not the same difference (F test)
 */
export function pooled(shown: Contrasts, pairs: readonly (readonly [a: string, b: string])[]): Difference | null {
  const ids = [...shown.measured];
  const size = ids.length;
  const at = pairs.map(([a, b]) => [ids.indexOf(a), ids.indexOf(b)] as const);
  const spread = (i: number, j: number) => shown.spread[i * size + j] as number;
  const values = Float64Array.from(at, ([a, b]) => (shown.levels[a] as number) - (shown.levels[b] as number));
  const weights = invertSymmetric(
    Float64Array.from(
      at.flatMap(([a, b]) => at.map(([c, d]) => spread(a, c) - spread(a, d) - spread(b, c) + spread(b, d))),
    ),
  );
  if (weights === undefined) return null;
  const ones = multiply(
    weights,
    values.map(() => 1),
  );
  const total = ones.reduce((sum, w) => sum + w, 0);
  const value = dot(ones, values) / total;
  const apart = values.map((v) => v - value);
  const free = pairs.length - 1;
  const f = dot(apart, multiply(weights, apart)) / free / shown.noise;
  if (free > 0 && shown.df > 0 && fTail(f, free, shown.df) < DISAGREE) return null;
  return { value, noise: shown.noise, df: shown.df, pairs: 2 * total };
}
