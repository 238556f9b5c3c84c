import { quantile } from "../../bench/stats/math/quantile.ts";
import type { Block, Objective, Visit } from "./types.ts";

/**
 * The record of a visit. Its score is the logarithm of the objective; larger is better. So differences of scores are ratios, and noise that slows
 * a whole block adds the same number to the scores of all its arms.
 */
export function visitOf(block: Block, objective: Objective): Visit {
  const { arm, answeredPerSecond, failures, seconds, killed } = block;
  const sorted = Float64Array.from(block.latenciesMs).sort();
  const score = killed === undefined ? scoreOf(block, sorted, objective) : null;
  return {
    ...{ arm, answeredPerSecond, failures, seconds, calls: sorted.length + failures },
    score: score !== null && Number.isFinite(score) ? score : null,
    medianMs: sorted.length === 0 ? null : quantile(sorted, 0.5),
    ...(killed === undefined ? {} : { killed }),
  };
}

function scoreOf(block: Block, sorted: Float64Array, objective: Objective): number | null {
  if (sorted.length === 0) return null;
  switch (objective.kind) {
    case "throughput":
      return Math.log(block.answeredPerSecond);
    case "latency":
      return -Math.log(quantile(sorted, 0.5));
    case "cost":
      return block.cpuSeconds === undefined ? null : -Math.log(block.cpuSeconds / sorted.length);
    case "percentile": {
      // A call without an answer counts as slower than any answered one. A percentile among such calls is not known.
      const all = new Float64Array(sorted.length + block.failures).fill(Number.MAX_VALUE);
      all.set(sorted);
      const q = objective.percentile / 100;
      return Math.ceil((all.length - 1) * q) < sorted.length ? -Math.log(quantile(all, q)) : null;
    }
  }
}
