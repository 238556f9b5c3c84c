import { quote } from "../../../lib/quote.ts";
import type { Option, Question } from "../../stats/choices.ts";
import { nullModels } from "../../stats/study.ts";
import { secondsOf } from "./extent.ts";
import type { ReportInputs } from "../section.ts";

/** A run that would have to be more than so many times as long settles nothing in practice. */
const MOST = 12;
/** Cells visited once show no noise: so many times as many calls give each several visits. */
const ONCE = 4;
/** Intervals shrink with the root of the visits; somewhat more is asked for, since the ratio itself moves. */
const MARGIN = 1.3;

/**
 * How many times as many visits would part the fastest from those that may be as fast, by how wide their intervals are now;
 * undefined where no sensible run would: they are as good as equal.
 */
export function timesAsLong({ options, outcome }: Question): number | undefined {
  const needed = options
    .slice(1)
    .filter((o) => o.maybeFastest)
    .map(visitsFor);
  if (needed.length === 0) return undefined;
  const most = outcome === "once" ? ONCE : Math.ceil(MARGIN * Math.max(...needed));
  return most > MOST ? undefined : Math.max(2, most);
}

function visitsFor({ over: { ratio, interval } }: Option): number {
  if (interval === null) return ONCE;
  const half = Math.log(interval.high / interval.low) / 2;
  return ratio > 1 ? (half / Math.log(ratio)) ** 2 : Infinity;
}

/** A new run that would settle a question, by a longer measurement of what it is about. */
export function settleCommand(q: Question, inputs: ReportInputs): string | undefined {
  const factor = timesAsLong(q);
  if (factor === undefined) return undefined;
  const { manifest } = inputs;
  const nulls = nullModels(manifest);
  const computing = new Set(manifest.cells.map((c) => c.model).filter((m) => !nulls.has(m)));
  const { limits, matrix } = manifest;
  const seconds = secondsOf(inputs);
  const minutes = limits.budgetMs !== null ? limits.budgetMs / 60_000 : seconds === null ? undefined : seconds / 60;
  return [
    "npx lathe bench",
    // The default files need no name.
    ...(matrix === undefined || DEFAULT_FILES.includes(matrix.file) ? [] : [`--matrix ${quote(matrix.file)}`]),
    ...(q.model === undefined || computing.size < 2 ? [] : [`--models ${quote(q.model)}`]),
    `--requests ${factor * limits.requests}`,
    ...(limits.budgetMs === null || minutes === undefined ? [] : [`--budget ${Math.ceil(factor * minutes)}`]),
  ].join(" ");
}

const DEFAULT_FILES: readonly string[] = ["bench.yaml", "bench/matrix/experiments/paper.yaml"];

/** Goes on with a run that is not whole. */
export function resumeCommand({ manifest }: Pick<ReportInputs, "manifest">): string {
  return `npx lathe bench --resume ${quote(manifest.id)}`;
}
