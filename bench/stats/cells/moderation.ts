import { mean, variance } from "../math/quantile.ts";
import { digamma, fTail, trigamma, trigammaInverse } from "../math/special.ts";
import type { Component } from "../effects/components.ts";

/** What a group of like cells says of the variance of one of them. */
export interface Prior extends Component {
  /** Degrees of freedom that it counts for beside a cell's own; Infinity where the cells are as alike as chance allows. */
  readonly df: number;
}

/** Fewer cells than this do not show how unlike each other they are. */
const LEAST_CELLS = 3;

/**
 * How unlike each other the variances of like cells are: the degrees of freedom that their common variance counts for (Smyth, Linear
 * models and empirical Bayes methods, Statistical Applications in Genetics and Molecular Biology 3, 2004, as in limma).
 *
 * @param cells variances of single cells
 * @param pooled the variance of them all
 */
export function priorOf(cells: readonly Component[], pooled: Component): Prior {
  const seen = cells.filter((c) => c.variance > 0 && c.df > 0);
  if (seen.length < LEAST_CELLS) return pooled;
  const logs = seen.map((c) => Math.log(c.variance) - digamma(c.df / 2) + Math.log(c.df / 2));
  const beyond = variance(logs) - mean(seen.map((c) => trigamma(c.df / 2)));
  const df = beyond <= 0 ? Infinity : 2 * trigammaInverse(beyond);
  return { variance: pooled.variance, df: Math.min(df, pooled.df) };
}

/** The chance that a cell as noisy as its like is taken for one that is not. */
const FAR_OUT = 0.01;

/** A cell's variance with what its like say. */
export interface Moderated extends Component {
  /** `like`: its own and theirs. `own`: its own alone, for it is far out, or there is none like it. */
  readonly by: "like" | "own";
}

/** A cell's variance, moderated; undefined if nothing is known. */
export function moderate(own: Component | undefined, prior: Prior | undefined): Moderated | undefined {
  if (prior === undefined || !(prior.df > 0)) return own && { ...own, by: "own" };
  if (own === undefined) return { variance: prior.variance, df: prior.df, by: "like" };
  if (prior.variance > 0 && fTail(own.variance / prior.variance, own.df, prior.df) < FAR_OUT)
    return { ...own, by: "own" };
  if (prior.df === Infinity) return { ...prior, by: "like" };
  const df = prior.df + own.df;
  return { variance: (prior.df * prior.variance + own.df * own.variance) / df, df, by: "like" };
}
