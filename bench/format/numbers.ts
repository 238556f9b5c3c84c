import { type Interval, known } from "../stats/math/estimate.ts";

/** What stands in place of an interval that the data do not give. */
export const UNKNOWN = "no interval";

/** An interval for people, its ends by `text`: `1.02 to 1.11`. */
export function formatInterval(interval: Interval | null | undefined, text: (end: number) => string): string {
  const shown = known(interval);
  return shown === null ? UNKNOWN : `${text(shown.low)} to ${text(shown.high)}`;
}

/** What stands in place of an interval that is wider than the value that it is of. */
const TOO_WIDE = "too few visits";

/** Whether there is an interval that says something of its value: one that is not wider than it. */
export function narrow(interval: Interval | null | undefined, value: number): boolean {
  const shown = known(interval);
  return shown !== null && shown.high - shown.low <= Math.abs(value);
}

/** The interval of a time in milliseconds; in its place `too few visits` where it is wider than the time, or there is none. */
export function intervalOrWhy(interval: Interval | null | undefined, ms: number): string {
  return narrow(interval, ms) ? formatInterval(interval, formatMs) : TOO_WIDE;
}

/** Milliseconds for people: as many digits as carry meaning. */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  return ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2);
}

/** A ratio for people: three digits that carry meaning. */
export function formatRatio(ratio: number): string {
  if (!Number.isFinite(ratio)) return "–";
  if (ratio >= 1e5 || (ratio > 0 && ratio < 1e-3)) return ratio.toExponential(1);
  return ratio >= 100 ? ratio.toFixed(0) : ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(ratio < 0.1 ? 4 : 3);
}

/** An interval of a ratio: `1.020 to 1.110`; says so where there is none. */
export function formatRatioInterval(interval: Interval | null): string {
  const shown = known(interval);
  // A ratio's end at nothing at all is one that the computer could not hold.
  return formatInterval(shown !== null && shown.low > 0 ? shown : null, formatRatio);
}

/** A share for people, to a tenth of a per cent: `4.0 %`. */
export function formatShare(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
