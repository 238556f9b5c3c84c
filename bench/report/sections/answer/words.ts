import { type Interval, known } from "../../../stats/math/estimate.ts";
import type { Axis } from "../../../matrix/axes.ts";
import { levelTitle } from "../columns.ts";
import type { Option } from "../../../stats/choices.ts";
import { UNKNOWN, formatInterval } from "../../../format/numbers.ts";

/** An option by the names that a reader knows its levels by; of a placement the server alone. */
export function optionTitle({ at }: Option, axes: readonly Axis[]): string {
  return Object.entries(at)
    .map(([key, level]) => (key === "placement" ? level.split(" → ").at(-1) : levelTitle(axes, key, level)))
    .join(", ");
}

/** What stands after a ratio of times in a sentence. */
export const TIMES = "times as long";

/** How many times as long an option takes as the fastest, with its interval. */
export function ratioText(o: Option, sign = TIMES): string {
  return timesText(o.over.ratio, o.over.interval, sign);
}

/** `1.31 times as long`, `× 1.31`. */
export function bareTimes(ratio: number, sign?: string): string {
  return sign === "×" ? `× ${digits(ratio)}` : `${digits(ratio)}${sign === undefined ? "" : ` ${sign}`}`;
}

/** As many digits as carry meaning. */
function digits(x: number): string {
  return x >= 1e5 ? x.toExponential(1) : x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2);
}

/** `1.31 times as long (1.27 to 1.35)`; says so where there is no interval. */
export function timesText(ratio: number, interval: Interval | null, sign?: string): string {
  const range = known(interval) === null ? UNKNOWN : formatInterval(interval, digits);
  return `${bareTimes(ratio, sign)} (${range})`;
}

/** `once`, `3 times`, `1 to 3 times`. */
export function times(low: number, high: number): string {
  return low < high ? `${low} to ${high} times` : low === 1 ? "once" : `${low} times`;
}

/** `a, b or c`. */
export function or(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
