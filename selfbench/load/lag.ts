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
  /** The same as a share of the calls that were due then. */
  readonly made: number;
}

/**
 * How late requests came, by the server's clock alone, so that one measure holds for every generator. In each second, calls are compared with
 * the grid of the rate, which is shifted so that the least late call has no lag. So a generator's start, the network and a slow drift of its
 * clock do not count. What counts is how unevenly it makes its calls. Pure.
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
 * The 99th percentile of a run with a stall, if each call counts from when it was due. Calls that are due in the stall wait for its end. So
 * the calls of the first x seconds of a stall of T have latencies above T - x; one call in a hundred of a run of L is x = L / 100. Pure. All in milliseconds.
 */
export function stalledP99(stallMs: number, runMs: number): number {
  return stallMs - runMs / 100;
}
