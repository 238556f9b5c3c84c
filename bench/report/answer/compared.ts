import type { Option, Question } from "../../stats/choices.ts";
import { type Interval, known } from "../../stats/math/estimate.ts";
import type { Study } from "../../stats/study.ts";
import { UNKNOWN, formatInterval } from "../../format/numbers.ts";
import { optionName, optionParts, or } from "./names.ts";
import type { FindingAnswer } from "./types.ts";

/** Options that may be the fastest; the one that was, first. */
export const mayBeFastest = ({ options }: Pick<Question, "options">): readonly Option[] =>
  options.filter((o) => o.maybeFastest);

/** Most options that are named where it is open which is the fastest. */
const NAMED = 3;

/** The fastest, or those between which it is open: `cloud or client + gRPC`, `cloud + gRPC or 4 others`. */
export function fastestText(q: Pick<Question, "options">, study: Study): string {
  const open = mayBeFastest(q);
  if (open.length > NAMED) return `${optionName(open[0]?.at ?? {}, study)} or ${open.length - 1} others`;
  const parts = open.map((o) => optionParts(o.at, study.axes, study.manifest.clients));
  // `cloud + gRPC or client + gRPC` is `cloud or client + gRPC` where they differ in one part alone.
  const columns = (parts[0] ?? []).map((_, i) => [...new Set(parts.map((p) => p[i] ?? ""))]);
  return columns.filter((c) => c.length > 1).length < 2
    ? columns.map(or).join(" + ")
    : or(open.map((o) => optionName(o.at, study)));
}

/** `client takes 1.21 times as long (0.93 to 1.58), edge 1.63 times (1.24 to 2.13)`: those that are not the fastest, in a sentence without its full stop. */
export function othersText({ options }: Pick<Question, "options">, study: Study): string {
  const [first, ...others] = options.slice(1);
  if (first === undefined) return "";
  const short = (o: Option) => `${optionName(o.at, study)} ${timesText(o.over.ratio, o.over.interval, "times")}`;
  return [slowerText(first, study), ...others.map(short)].join(", ");
}

/** What an answer rests on and what limits it, in a sentence without its full stop. */
export const besideText = ({ compared, limit, doubt }: Pick<FindingAnswer, "compared" | "limit" | "doubt">): string =>
  [compared, limit, doubt].filter((text) => text !== "").join("; ");

/** `client + gRPC takes 1.20 times as long (0.77 to 1.87)`. */
export function slowerText(o: Option, study: Study): string {
  return `${optionName(o.at, study)} takes ${timesText(o.over.ratio, o.over.interval)}`;
}

/** `1.31 times as long (1.27 to 1.35)`; says so where there is no interval. */
function timesText(ratio: number, interval: Interval | null, words = "times as long"): string {
  const range = known(interval) === null ? UNKNOWN : formatInterval(interval, digits);
  return `${digits(ratio)} ${words} (${range})`;
}

/** As many digits as carry meaning. */
function digits(x: number): string {
  return x >= 1e5 ? x.toExponential(1) : x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2);
}
