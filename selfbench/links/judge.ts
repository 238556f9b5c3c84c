import { quantile } from "../../bench/stats/math/quantile.ts";
import { lost } from "../../lab/network/loss.ts";
import type { Echo } from "./probe.ts";

/** What is promised: of 99 of 100 round trips, in milliseconds; of the bandwidth, as a fraction of it. */
export const GOALS = { rttMs: 0.2, mbit: 0.02 };

/** Up to this many megabits a second both hold. */
export const UP_TO_MBIT = 200;

/** How far round trips are from what they should be: the bare network's, and what the link adds. Pure. */
export function rttErrors(echoes: readonly Echo[], expectedMs: number) {
  const errors = Float64Array.from(echoes, ({ rttMs }) => Math.abs(rttMs - expectedMs)).sort();
  return { p50Ms: quantile(errors, 0.5), p99Ms: quantile(errors, 0.99), maxMs: errors.at(-1) ?? NaN };
}

/** The bandwidth that a train of packets shows at the far end, by its second half: then all of it was sent. Pure. */
export function mbitOf(echoes: readonly Echo[], bytes: number): number {
  const half = echoes.slice(Math.floor(echoes.length / 2));
  const [first, last] = [half[0], half.at(-1)];
  if (first === undefined || last === undefined) return NaN;
  return ((last.number - first.number) * bytes * 8) / (last.atSeconds - first.atSeconds) / 1e6;
}

/** Numbers of the datagrams that come back over a link that loses by this seed, if nothing else is sent over it. Pure. */
export function survivors(seed: number, share: number, count: number): number[] {
  const gone = new Set(lost(seed, 0, share, count));
  const through = Array.from({ length: count }, (_, i) => i).filter((i) => !gone.has(i));
  const goneBack = new Set(lost(seed, 1, share, through.length));
  return through.filter((_, i) => !goneBack.has(i));
}
