import { mean, median } from "../math/quantile.ts";

/** A latency on a machine. Latencies of one group differ in their machine alone. */
export interface ScoredLatency {
  readonly machine: string;
  readonly group: string;
  readonly ms: number;
}

/** How well a score explains latencies. */
export interface ScoreFit {
  /** Median over all latencies of how far the prediction is from them, as a fraction. */
  readonly medianError: number;
  readonly latencies: number;
  readonly machines: number;
}

/**
 * How well machines' scores explain their latencies: in each group a latency is predicted from those of the other machines, as if it went with one
 * over the score (their geometric mean, if there are several). Pure.
 *
 * @returns null if fewer than two machines with a score have latencies of one group
 */
export function scoreFit(
  latencies: readonly ScoredLatency[],
  scoreOf: (machine: string) => number | undefined,
): ScoreFit | null {
  const scored = latencies.flatMap((l) => {
    const score = scoreOf(l.machine);
    return score === undefined || !(l.ms > 0) ? [] : [{ ...l, work: Math.log(l.ms * score) }];
  });
  const compared = [...Map.groupBy(scored, (l) => l.group).values()].filter(
    (own) => new Set(own.map((l) => l.machine)).size > 1,
  );
  const errors = compared.flatMap((own) =>
    own.map((l) => {
      const others = own.filter((o) => o.machine !== l.machine);
      return Math.abs(Math.expm1(mean(others.map((o) => o.work)) - l.work));
    }),
  );
  if (errors.length === 0) return null;
  const machines = new Set(compared.flatMap((own) => own.map((l) => l.machine))).size;
  return { medianError: median(errors), latencies: errors.length, machines };
}
