import { formatMs } from "../../format/numbers.ts";
import { count } from "../../../lib/words.ts";
import type { ReportInputs } from "../section.ts";
import type { Question } from "../../stats/choices.ts";
import type { Study } from "../../stats/study.ts";
import { fastestText, mayBeFastest, slowerText } from "./compared.ts";
import type { AskedModel } from "./models.ts";
import type { Confidence, Pooled } from "./types.ts";

/** The model whose best place and protocol is the title: a trained one before one of random weights, then a certain one, then the quickest. */
export function titleModel(models: readonly AskedModel[]): AskedModel | undefined {
  const rank = (m: AskedModel) =>
    [m.isNull, m.timingOnly, m.confidence !== "high", fastestMs(m) ?? Infinity].map(Number);
  const measured = models.filter((m) => fastestMs(m) !== undefined);
  return measured.toSorted((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    const i = x.findIndex((value, at) => value !== y[at]);
    return i < 0 ? 0 : (x[i] as number) - (y[i] as number);
  })[0];
}

/** What the fastest takes: the compared one, else the quickest row that was measured. */
export function fastestMs({ rows }: Pick<AskedModel, "rows">): number | undefined {
  const found = rows.filter((r) => r.medianMs !== null);
  const ms = (found.some((r) => r.best) ? found.filter((r) => r.best) : found).map((r) => r.medianMs as number);
  return ms.length === 0 ? undefined : Math.min(...ms);
}

/** A run's finding in one line, with its milliseconds. */
export function titleOf(
  inputs: ReportInputs,
  models: readonly AskedModel[],
  loads: readonly Pooled[],
): { readonly title: string; readonly confidence?: Confidence } {
  const best = titleModel(models);
  const asked = models.some((m) => m.question !== undefined);
  if (!asked && loads.length > 0) return { title: loadTitleOf(loads) };
  if (best === undefined) return { title: nothingOf(inputs) };
  const ms = `${formatMs(fastestMs(best) ?? NaN)} ms`;
  const { question } = best;
  if (question === undefined || question.options.length < 2 || inputs.study === undefined) {
    const row = best.rows.find((r) => r.medianMs === fastestMs(best));
    return { title: `${best.model} over ${row?.protocol ?? ""} takes ${ms} (${row?.place ?? ""})` };
  }
  const open = mayBeFastest(question);
  const who = fastestText(question, inputs.study);
  const next = otherServer(question, inputs.study);
  if (question.outcome === "clear")
    return { title: `${who} is fastest: ${ms} for ${best.model}${next}`, confidence: "high" };
  const [from, to] = [open[0]?.ms.ratio ?? NaN, Math.max(...open.map((o) => o.ms.ratio))].map(formatMs);
  const range = from === to ? `${from} ms` : `${from} to ${to} ms`;
  return { title: `No clear winner for ${best.model}: ${who}, ${range}`, confidence: "inconclusive" };
}

/** Where servers are the question: how much longer the next best server takes. */
function otherServer({ differ, options: [best, ...others] }: Question, study: Study): string {
  const next = others.find((o) => o.at["server_kind"] !== best?.at["server_kind"]);
  return differ.includes("server_kind") && next !== undefined ? `; ${slowerText(next, study)}` : "";
}

/** Of a run under load: the highest rate that was kept and where the same server fell behind, or the quickest of several calls at a time. */
function loadTitleOf(loads: readonly Pooled[]): string {
  const byRate = (a: Pooled, b: Pooled) => (a.askedPerSecond ?? 0) - (b.askedPerSecond ?? 0);
  // A rate may be kept by calls that are too few for a percentile.
  const answered = (g: Pooled) => g.p50Ms !== null || g.achievedPerSecond !== null || g.behind;
  const rated = loads.filter((g) => g.askedPerSecond !== null && answered(g)).toSorted(byRate);
  const kept = rated.findLast((g) => !g.behind);
  const alike = rated.filter((g) => g.place === kept?.place && g.protocol === kept.protocol && g.model === kept.model);
  const behind = (kept === undefined ? rated : alike).find((g) => g.behind);
  const [quickest] = loads.toSorted((a, b) => (a.p50Ms ?? Infinity) - (b.p50Ms ?? Infinity));
  const shown = kept ?? behind ?? quickest;
  if (shown === undefined) return "Nothing was measured";
  const errors = loads.reduce((sum, g) => sum + g.errors, 0);
  const failed = errors === 0 ? "" : `; ${count(errors, "call")} failed`;
  const [quantile, ms] = shown.p95Ms === null ? ["p50", shown.p50Ms ?? NaN] : ["p95", shown.p95Ms];
  const calls = `${shown.askedPerSecond ?? ""} calls/s`;
  const at = Number.isNaN(ms) ? "" : ` at ${quantile} ${formatMs(ms)} ms`;
  if (shown.p50Ms === null && !shown.behind && kept === undefined) return `${untoldTitle(shown, loads)}${failed}`;
  const what =
    kept !== undefined
      ? `keeps ${calls}${at}${behind === undefined ? "" : `, falls behind at ${behind.askedPerSecond}`}`
      : behind !== undefined
        ? `falls behind at ${calls} already`
        : `takes ${formatMs(ms)} ms (${quantile}) under load ${shown.load}`;
  return `${shown.model} over ${shown.protocol} (${shown.place}) ${what}${failed}`;
}

/** Of loads none of whose latencies can be told: what can be, or why not. */
function untoldTitle(shown: Pooled, loads: readonly Pooled[]): string {
  const { achievedPerSecond: rate, model, protocol, place, load } = shown;
  if (rate !== null)
    return `${model} over ${protocol} (${place}) answers ${rate.toPrecision(3)} calls/s under load ${load}`;
  const invalid = loads.filter((g) => g.untold?.kind === "invalid").length;
  if (invalid === 0) return `No latencies under load: ${shown.untold?.why ?? "too few calls"}`;
  return `No valid latencies: the client was no good generator of calls at ${invalid} of ${count(loads.length, "load")}`;
}

/** Why there is no finding. */
function nothingOf({ cells, summaries }: ReportInputs): string {
  const failures = cells.flatMap((c) => summaries.get(c.id)?.failure ?? []);
  if (failures.length === 0) return "Nothing was measured";
  const byCode = [...Map.groupBy(failures, (f) => f.code)].sort(([, a], [, b]) => b.length - a.length);
  const [code] = byCode[0] ?? [""];
  const all =
    failures.length === cells.length && cells.length > 1
      ? `all ${count(cells.length, "cell")}`
      : count(failures.length, "cell");
  return `Nothing was measured: ${all} failed${byCode.length > 1 ? ", most" : ""} with ${code}`;
}
