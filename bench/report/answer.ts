import type { Interval } from "../stats/estimate.ts";
import { type Study, fitStudy, nullModels, untestedCells } from "../stats/study.ts";
import { isTimingOnly, modelTitle } from "./caveats.ts";
import { kindLegend, kindTitle, lookOf } from "./charts/colours.ts";
import { type IntervalPoint, intervalChart, unknownKey } from "./charts/intervals.ts";
import {
  type Block,
  type Answer,
  type Prose,
  type Table,
  type TableCell,
  fold,
  answers,
  notice,
  only,
  prose,
  right,
  table,
} from "./blocks.ts";
import { CHOICE_RULE, type Option, type Question, callerOf, questions, unanswered } from "./choices.ts";
import { failedNotice } from "./failures.ts";
import { and, count } from "../../lib/words.ts";
import { UNKNOWN, formatInterval, known } from "./format.ts";
import { type ReportInputs, type Section, neverReached } from "./section.ts";
import { formatMs } from "./tables.ts";

/** The first question first: which machine, which model, which protocol, and how sure. */
export const answerSection: Section = {
  id: "answer",
  title: "The answer",
  short: "Answer",
  blocks(inputs) {
    const { study } = inputs;
    const all = study === undefined ? [] : questions(study);
    if (study === undefined || all.length === 0)
      return [...noneOf(inputs), ...failedNotice(inputs), ...partialOf(inputs), ...remarksOf(inputs)];
    const perModel = all.filter((q) => q.about === "machine and protocol");
    return [
      answers(all.filter((q) => q.about !== "machine and protocol").map((q) => answerTo(q, study))),
      ...failedNotice(inputs),
      ...partialOf(inputs),
      prose(howSure(inputs, all)),
      ...remarksOf(inputs),
      choicesTable(perModel, study),
      ...(perModel.length === 0 ? [] : [only(["html"], choicesFigure(perModel, study))]),
      only(["html", "markdown"], fold("How these are compared", prose(`${CHOICE_RULE}.`))),
    ];
  },
  json: ({ study }) => (study === undefined ? {} : { answer: questions(study) }),
};

/** No answer, and why: what failed, first of all. */
function noneOf({ cells, summaries }: ReportInputs): Block[] {
  const none = prose("None: no model was measured whose latency could be compared.");
  const failures = cells.flatMap((c) => summaries.get(c.id)?.failure ?? []);
  if (failures.length === 0) return [none];
  const [code, some] = [...Map.groupBy(failures, (f) => f.code)].sort(([, a], [, b]) => b.length - a.length)[0] ?? [];
  const failed =
    failures.length === cells.length
      ? `All ${count(cells.length, "cell")}`
      : `${failures.length} of ${count(cells.length, "cell")}`;
  return [
    notice(
      "bad",
      `${failed} failed, ${some?.length === failures.length ? "" : `${some?.length} of them `}with ${code}: ${some?.[0]?.message}`,
    ),
    none,
  ];
}

/** What must be known before any number: stand-ins, namespaces for machines, models whose detections mean nothing. */
function remarksOf({ manifest }: ReportInputs): Block[] {
  return manifest.remarks.map((remark) => notice("unsure", remark));
}

/** A run that was killed, or is not done: what it has, and which questions it cannot answer for want of cells. */
function partialOf(inputs: ReportInputs): Block[] {
  const { cells, study, summaries } = inputs;
  const missing = neverReached(inputs).length;
  const asked = study === undefined ? [] : unanswered(study);
  if (missing === 0 && asked.length === 0) return [];
  const caller = callerOf(cells);
  const failed = cells.filter((c) => summaries.get(c.id)?.failure !== undefined).length;
  const why = missing === 0 && failed > 0 ? `because ${count(failed, "cell")} failed` : "for want of cells";
  const open = asked.map((q) => `${subject(q, caller)} (${q.measured} of ${q.options} options can be compared)`);
  return [
    notice("unsure", [
      missing === 0 ? "" : `This run is not whole: ${missing} of its ${cells.length} cells were never reached. `,
      open.length === 0 ? "" : `What it cannot answer ${why}: ${open.join("; ")}.`,
    ]),
  ];
}

function subject(q: Pick<Question, "about" | "model">, caller: string | undefined): string {
  switch (q.about) {
    case "machine":
      return `Machine, for requests from ${caller ?? "elsewhere"}`;
    case "machine at home":
      return "Machine, each calling itself";
    case "model":
      return "Model";
    case "protocol":
      return "Protocol";
    case "machine and protocol":
      return `Machine and protocol${q.model === undefined ? "" : ` for ${q.model}`}`;
  }
}

function answerTo(q: Question, study: Study): Answer {
  const [best, ...others] = q.options as readonly [Option, ...Option[]];
  const tied = [best, ...others.filter((o) => o.maybeFastest)];
  const slower = others.filter((o) => !o.maybeFastest);
  const told = (o: Option) =>
    q.outcome === "once" && o.over.interval === null ? bareTimes(o.over.ratio, TIMES) : ratioText(o);
  const takes = (options: readonly Option[]) => and(options.map((o) => `${optionTitle(o)} takes ${told(o)}`));
  const caller = callerOf(study.manifest.cells);
  const note = `${basisOf(q, caller)}${timingOnly(q, study)}${
    q.leftOut.length === 0 ? "" : ` Nothing that can be compared was measured of ${and(q.leftOut)}.`
  }`;
  const base = { question: subject(q, caller), answer: optionTitle(best), note };
  switch (q.outcome) {
    case "one":
      return {
        ...base,
        ...(unanswered(study).some((u) => u.about === q.about && u.model === q.model)
          ? { tone: "unsure", detail: "The only one measured so far: it cannot be compared." }
          : { tone: "muted", detail: "The only one measured: there is nothing to choose." }),
      };
    case "once":
      return {
        ...base,
        tone: "unsure",
        detail: `The fastest in this run: ${takes(others)}. How sure that is cannot be told.`,
      };
    case "clear":
      return { ...base, tone: "good", detail: `The fastest: ${takes(others)}.${byModel(q, study)}` };
    case "tie":
      return {
        ...base,
        ...{ answer: or(tied.map(optionTitle)), tone: "unsure" },
        detail: `Which of them is the fastest cannot be told: ${takes(tied.slice(1))}. ${
          slower.length === 0 ? "" : `Slower: ${takes(slower)}.`
        }${byModel(q, study)}`,
      };
  }
}

/** Over what the figures are averaged. */
function basisOf(q: Question, caller: string | undefined): string {
  const from =
    q.about === "machine at home" || caller === undefined ? "each machine calls itself" : `requests from ${caller}`;
  const cells = q.cells < q.planned ? `${q.cells} of ${count(q.planned, "cell")}` : count(q.cells, "cell");
  return `Averaged over ${cells} each (${from}).`;
}

function timingOnly(q: Question, study: Study): string {
  const names = q.about !== "model" ? [] : q.options.map((o) => o.name).filter((n) => isTimingOnly(study.manifest, n));
  return names.length === 0 ? "" : ` Of ${and(names)} the time alone is real: its weights are random.`;
}

/** The protocols' factor depends on the model: a fast model has it felt most. */
function byModel(q: Question, study: Study): string {
  const [best, second] = q.options;
  const nulls = nullModels(study.manifest);
  const fit = fitStudy(study, (c) => !nulls.has(c.model))?.fit;
  const models = fit?.design.levels["model"] ?? [];
  if (q.about !== "protocol" || best === undefined || second === undefined || fit === undefined) return "";
  if (!fit.design.spec.interactions.some(([a, b]) => a === "client" && b === "model")) return "";
  const each = models.map((model) => {
    const { log, interval } = fit.contrast({ client: second.name, model }, { client: best.name, model });
    const range = interval && { low: Math.exp(interval.low), high: Math.exp(interval.high) };
    return `${timesText(Math.exp(log), range)} for ${model}`;
  });
  return ` By model, ${kindTitle(second.name)} over ${kindTitle(best.name)}: ${and(each)}.`;
}

function howSure(inputs: ReportInputs, all: readonly Question[]): Prose {
  const { manifest, study, summaries, conditions } = inputs;
  const data = [...(study?.data.values() ?? [])];
  const calls = data.reduce((sum, d) => sum + d.totalsMs.length, 0);
  const visits = data.map((d) => d.visits.length).filter((n) => n > 0);
  const failed = manifest.cells.filter((c) => summaries.get(c.id)?.failure !== undefined).length;
  const flagged = [...(conditions?.values() ?? [])].filter((c) => c.flagged).length;
  const range = visits.length === 0 ? "never" : times(Math.min(...visits), Math.max(...visits));
  const once = all.some((q) => q.outcome === "once");
  const untested = once || study === undefined ? 0 : untestedCells(study).size;
  const measured = data.filter((d) => d.totalsMs.length > 0).length;
  const missing = neverReached(inputs).length;
  const of = measured < manifest.cells.length ? `${measured} of ${manifest.cells.length}` : `${measured}`;
  return [
    { strong: "How sure:" },
    ` ${calls} calls in ${of} cells, each visited ${range}${missing === 0 ? "" : `; ${missing} never reached`}. `,
    once
      ? "Cells visited once show no noise, so where they count there is no interval and nothing is called the fastest: a longer run gives them (npm run bench). "
      : "",
    untested === 0
      ? ""
      : `${count(untested, "cell")} visited once that too few others bear out: one wild call would not be seen, so what rests on them has no interval. `,
    all.some((q) => q.options.some((o) => o.over.interval !== null)) ? "Ranges in brackets are 95 % intervals. " : "",
    "An interval tells how well these cells were measured here, not how other images, machines or days would do.",
    failed === 0 ? "" : ` Left out of the comparisons: ${count(failed, "cell")} that failed.`,
    flagged === 0 ? "" : ` Disturbed by their own client: ${count(flagged, "cell")}.`,
  ];
}

function choicesTable(perModel: readonly Question[], study: Study): Table {
  const rows = perModel.flatMap((q): TableCell[][] => {
    const tied = q.options.filter((o) => o.maybeFastest);
    const [best] = q.options;
    const next = q.options[1];
    if (best === undefined) return [];
    const model = modelTitle(study.manifest, q.model ?? "");
    const told = (o: Option) => (o.over.interval === null ? bareTimes(o.over.ratio, "×") : ratioText(o, "×"));
    return [
      [
        model,
        optionTitle(best),
        formatMs(best.ms.ratio),
        sure(q, tied.length),
        next === undefined ? "–" : `${optionTitle(next)}: ${told(next)}`,
        formatInterval(best.ms.interval, formatMs),
      ],
    ];
  });
  return table({
    caption: "The fastest machine and protocol for each model",
    columns: [
      { title: "model" },
      { title: "fastest" },
      right("median, ms"),
      { title: "how sure" },
      { title: "next" },
      right("95 % interval\nof the median"),
    ],
    rows,
    notes: [
      "Median: geometric mean over the images of the cells' medians. Next: the second fastest, and how many times as long it takes.",
      "The median's interval is for that number alone and knows few rounds; what a round does to all options alike makes it wide and cancels " +
        "in how many times as long one takes. So intervals of two medians may overlap where one is surely the faster.",
    ],
  });
}

function sure(q: Question, tied: number): TableCell {
  switch (q.outcome) {
    case "clear":
      return { text: "faster than all others", tone: "good" };
    case "tie":
      return { text: `one of ${tied} that cannot be told apart`, tone: "unsure" };
    case "once":
      return { text: "too few visits to tell", tone: "unsure" };
    case "one":
      return { text: "nothing to compare with", tone: "muted" };
  }
}

function choicesFigure(perModel: readonly Question[], study: Study): Block {
  const kinds = study.manifest.clientKinds.filter((kind) =>
    perModel.some((q) => q.options.some((o) => o.at["client"] === kind)),
  );
  const xLabel = "median latency, ms (log scale)";
  return {
    kind: "figure",
    title: "Every machine and protocol, model by model",
    caption:
      "Geometric mean over images of the median latency; left is faster. The bar: the 95 % interval of how many times as long it takes as " +
      "the fastest (the upright line), wide enough for all to hold at once. One that reaches the line cannot be told from the fastest.",
    legend: [...kindLegend(kinds), ...unknownKey(perModel.flatMap((q) => q.options.map((o) => barOf(o, q))))],
    alternative: perModel
      .map((q) => `${q.model}: ${q.options.map((o) => `${optionTitle(o)} ${formatMs(o.ms.ratio)} ms`).join(", ")}`)
      .join("; "),
    panels: perModel.map((q) => ({
      title: modelTitle(study.manifest, q.model ?? ""),
      picture: intervalChart({
        label: `${q.model}: ${q.options.map((o) => `${optionTitle(o)} ${formatMs(o.ms.ratio)} ms`).join(", ")}`,
        rows: [...new Set(q.options.map((o) => o.at["place"] ?? ""))],
        series: kinds.map((kind) => ({ name: kind, ...lookOf(kind) })),
        points: q.options.map((o) => ({
          ...{ row: o.at["place"] ?? "", series: o.at["client"] ?? "" },
          ...barOf(o, q),
        })),
        ...(q.options.length < 2 ? {} : { reference: q.options[0]?.ms.ratio ?? 1 }),
        xLabel,
      }),
    })),
  };
}

/** An option's median, and how far it may lie from the fastest one's, which has no bar; a lone one's own interval. */
function barOf(o: Option, { options }: Question): Pick<IntervalPoint, "value" | "interval"> {
  const [best] = options;
  const value = o.ms.ratio;
  if (options.length < 2 || best === undefined) return { value, interval: o.ms.interval };
  if (o === best) return { value };
  const { interval } = o.over;
  return { value, interval: interval && { low: interval.low * best.ms.ratio, high: interval.high * best.ms.ratio } };
}

/** An option by the name that a reader knows it by. */
function optionTitle({ at }: Option): string {
  const parts = [at["model"], at["place"]?.split(" → ").at(-1), at["client"] && kindTitle(at["client"])];
  return parts.filter((p) => p !== undefined).join(", ");
}

const TIMES = "times as long";

function ratioText(o: Option, sign = TIMES): string {
  return timesText(o.over.ratio, o.over.interval, sign);
}

/** `1.31 times as long`, `× 1.31`. */
function bareTimes(ratio: number, sign?: string): string {
  return sign === "×" ? `× ${digits(ratio)}` : `${digits(ratio)}${sign === undefined ? "" : ` ${sign}`}`;
}

/** As many digits as carry meaning. */
function digits(x: number): string {
  return x >= 1e5 ? x.toExponential(1) : x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2);
}

/** `1.31 times as long (1.27 to 1.35)`; says so where there is no interval. */
function timesText(ratio: number, interval: Interval | null, sign?: string): string {
  const range = known(interval) === null ? `interval ${UNKNOWN}` : formatInterval(interval, digits);
  return `${bareTimes(ratio, sign)} (${range})`;
}

function times(low: number, high: number): string {
  return low < high ? `${low} to ${high} times` : low === 1 ? "once" : `${low} times`;
}

function or(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
