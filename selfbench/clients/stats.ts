import type { Timing } from "../../clients/client.ts";
import { median as medianOf } from "../../bench/stats/math/quantile.ts";

export { medianOf };

/** What one contender did in one turn, in milliseconds. */
export interface Turn {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
}

/** Medians of a client's own phases; null where it cannot see one. */
export type Phases = Readonly<Record<PhaseName, number | null>>;
export type PhaseName = Exclude<keyof Timing, "totalMs">;
export const phaseNames: readonly PhaseName[] = ["encodeMs", "sendMs", "waitMs", "receiveMs", "decodeMs"];

/** The value below or at which a share `p` of all values lies (nearest rank). NaN for no values. */
export function percentile(sorted: ArrayLike<number>, p: number): number {
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

/** A turn's figures from its calls' latencies. */
export function turnOf(latenciesMs: ArrayLike<number>): Turn {
  const sorted = Float64Array.from(latenciesMs).sort();
  return {
    calls: sorted.length,
    p50Ms: percentile(sorted, 0.5),
    p90Ms: percentile(sorted, 0.9),
    p99Ms: percentile(sorted, 0.99),
  };
}

/** The median of each phase over many calls. */
export function phasesOf(timings: readonly Timing[]): Phases {
  const median = (name: PhaseName) => {
    const seen = timings.map((t) => t[name]).filter((v) => v !== null);
    return seen.length === 0 ? null : medianOf(seen);
  };
  return Object.fromEntries(phaseNames.map((name) => [name, median(name)])) as Record<PhaseName, number | null>;
}

/** A ratio over paired turns: its median, and how far the turns lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Ratios `over[i] / under[i]` of turns that ran side by side. */
export function ratioSpread(over: readonly number[], under: readonly number[]): Spread {
  const ratios = over.map((value, i) => value / (under[i] ?? Number.NaN));
  return { median: medianOf(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}
