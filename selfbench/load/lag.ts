import { quantile } from "../../bench/stats/math/quantile.ts";

/** How late a generator's calls came, or how long they took, in milliseconds. */
export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The median and the 99th percentile of values in any order; NaN of nothing. */
export function spreadOf(valuesMs: ArrayLike<number>): Spread {
  const sorted = Float64Array.from(valuesMs).sort();
  return { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
}

/** What a server saw of a generator that was asked for calls at a fixed rate. */
export interface Seen extends Spread {
  /** Requests that came in the measured time. */
  readonly calls: number;
  /** They as a share of those that were due in it. */
  readonly made: number;
}

/**
 * How late requests came, by the server's clock alone, so that one measure holds for every generator. Within each second the calls
 * are laid on the grid of the rate, anchored so that the least late one is not late at all. So neither a generator's start, nor the way to
 * the server, nor a slow drift of its clock counts; what counts is how unevenly it makes its calls. Pure.
 *
 * @param arrivalsMs in any order
 * @param leadMs the first so many milliseconds do not count: programs compile and connections open
 */
export function seenOf(arrivalsMs: ArrayLike<number>, ratePerSecond: number, leadMs: number): Seen {
  const all = Float64Array.from(arrivalsMs).sort();
  const from = (all[0] ?? NaN) + leadMs;
  const counted = all.filter((at) => at >= from);
  const perChunk = Math.max(2, Math.round(ratePerSecond));
  const lags: number[] = [];
  for (let at = 0; at < counted.length; at += perChunk) {
    const offsets = counted.slice(at, at + perChunk).map((ms, i) => ms - (i * 1000) / ratePerSecond);
    const least = offsets.reduce((a, b) => Math.min(a, b), Infinity);
    // The last chunk may be a call or two, which say nothing.
    if (offsets.length > perChunk / 2) for (const ms of offsets) lags.push(ms - least);
  }
  const span = ((counted.at(-1) ?? NaN) - (counted[0] ?? NaN)) / 1000;
  return { ...spreadOf(lags), calls: counted.length, made: (counted.length - 1) / (span * ratePerSecond) };
}

/**
 * The 99th percentile of a run with a stall, where each call counts from when it was due: those due in the stall wait for its end, so
 * latencies above T - x belong to the calls of x seconds, and one call in a hundred is x = L / 100. Pure. All in milliseconds.
 */
export function stalledP99(stallMs: number, runMs: number): number {
  return stallMs - runMs / 100;
}
