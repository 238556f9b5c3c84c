import { quantile } from "../../bench/stats/math/quantile.ts";
import { lost } from "../../lab/network/loss.ts";
import type { Echo } from "./probe.ts";

/** Goals: the error of 99 of 100 round trips, in milliseconds; the error of the bandwidth, as a fraction of it. */
export const GOALS = { rttMs: 0.2, mbit: 0.02 };

/** Both goals hold up to so many megabits a second. */
export const UP_TO_MBIT = 200;

/** Errors of round trips. @param expectedMs the bare network's round trip and what the link adds. Pure. */
export function rttErrors(echoes: readonly Echo[], expectedMs: number) {
  const errors = Float64Array.from(echoes, ({ rttMs }) => Math.abs(rttMs - expectedMs)).sort();
  return { p50Ms: quantile(errors, 0.5), p99Ms: quantile(errors, 0.99), maxMs: errors.at(-1) ?? NaN };
}

/** The bandwidth by the second half of a train of packets at the far end: by then the whole train was sent. Pure. */
export function mbitOf(echoes: readonly Echo[], bytes: number): number {
  const half = echoes.slice(Math.floor(echoes.length / 2));
  const [first, last] = [half[0], half.at(-1)];
  if (first === undefined || last === undefined) return NaN;
  return ((last.number - first.number) * bytes * 8) / (last.atSeconds - first.atSeconds) / 1e6;
}

/** Numbers of the datagrams that come back over a link with losses of this seed, if nothing else is sent over it. Pure. */
export function survivors(seed: number, share: number, count: number): number[] {
  const gone = new Set(lost(seed, 0, share, count));
  const through = Array.from({ length: count }, (_, i) => i).filter((i) => !gone.has(i));
  const goneBack = new Set(lost(seed, 1, share, through.length));
  return through.filter((_, i) => !goneBack.has(i));
}
