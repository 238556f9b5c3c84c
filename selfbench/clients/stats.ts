import type { Timing } from "../../clients/client.ts";
import { median } from "../../bench/stats/math/quantile.ts";

/** What one contender did in one turn, in milliseconds. */
export interface Turn {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
}

/** Times of a client's own phases; null if it cannot see a phase. */
export type Phases = Omit<Timing, "totalMs">;
export const phaseNames = ["encodeMs", "sendMs", "waitMs", "receiveMs", "decodeMs"] as const;

/** The value below or at which a share `p` of all values lies (nearest rank). NaN for no values. */
export function percentile(sorted: ArrayLike<number>, p: number): number {
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

/** A turn's figures from its calls' latencies. */
export function turnOf(latenciesMs: ArrayLike<number>): Turn {
  const sorted = Float64Array.from(latenciesMs).sort();
  const [p50Ms, p90Ms, p99Ms] = [percentile(sorted, 0.5), percentile(sorted, 0.9), percentile(sorted, 0.99)];
  return { calls: sorted.length, p50Ms, p90Ms, p99Ms };
}

/** The median of each phase over many calls or turns; null if there are none. */
export function phasesOf(all: readonly Phases[]): Phases | null {
  if (all.length === 0) return null;
  const medians = phaseNames.map((name) => {
    const seen = all.map((phases) => phases[name]).filter((v) => v !== null);
    return [name, seen.length === 0 ? null : median(seen)];
  });
  return Object.fromEntries(medians) as Phases;
}

/** A ratio over paired turns: its median, its least and its greatest value. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Ratios `over[i] / under[i]` of turns that ran side by side.
 *
 * @param share is taken off both sides of each turn. Where the lower side is not above it, nothing is shown: the ratio is infinite
 */
export function ratioSpread(over: readonly number[], under: readonly number[], share?: readonly number[]): Spread {
  const ratios = over.map((value, i) => {
    const off = share === undefined ? 0 : (share[i] ?? Number.NaN);
    const [upper, lower] = [value - off, (under[i] ?? Number.NaN) - off];
    return lower <= 0 ? Infinity : upper / lower;
  });
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}
