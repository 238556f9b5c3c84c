import { mean } from "./quantile.ts";

/** The share of the variance of values that lies between clusters of them (one-way analysis of variance); 0 for one cluster. */
export function betweenShare(clusters: readonly (readonly number[])[]): number {
  const n = clusters.reduce((sum, c) => sum + c.length, 0);
  if (clusters.length < 2 || n === clusters.length) return 0;
  const grand = mean(clusters.flat());
  const means = clusters.map(mean);
  const around = (c: readonly number[], centre: number) => c.reduce((sum, x) => sum + (x - centre) ** 2, 0);
  const own = clusters.reduce((sum, c, i) => sum + around(c, means[i] as number), 0) / (n - clusters.length);
  const between = clusters.reduce((sum, c, i) => sum + c.length * ((means[i] as number) - grand) ** 2, 0);
  const size = (n - clusters.reduce((sum, c) => sum + c.length ** 2, 0) / n) / (clusters.length - 1);
  const shared = Math.max(0, (between / (clusters.length - 1) - own) / size);
  return shared + own === 0 ? 0 : shared / (shared + own);
}
