import type { Axis } from "../../../matrix/axes.ts";
import { and, count } from "../../../../lib/words.ts";
import { type Study, fitStudy, nullModels, untestedCells } from "../../../stats/study.ts";
import { type Answer, type Block, type Prose, answers, fold, notice, only, prose } from "../../blocks.ts";
import { isTimingOnly } from "../caveats.ts";
import { kindTitle } from "../../charts/colours.ts";
import { choicesFigure, choicesTable } from "./figure.ts";
import type { Option, Question, Subject } from "../../../stats/choices.ts";
import { CHOICE_RULE, callerOf, questions, unanswered } from "../../../stats/choices.ts";
import { when } from "../../../format/when.ts";
import { failedNotice } from "../failures.ts";
import { TIMES, bareTimes, optionTitle, or, ratioText, times, timesText } from "./words.ts";
import { type ReportInputs, type Section, neverReached } from "../../section.ts";

/** The first question first: which machine, which model, which protocol, and how sure. */
export const answerSection: Section = {
  id: "answer",
  title: "The answer",
  short: "Answer",
  blocks(inputs) {
    const { study } = inputs;
    const all = study === undefined ? [] : questions(study);
    const remarks = inputs.manifest.remarks.map((remark) => notice("unsure", remark));
    if (study === undefined || all.length === 0)
      return [...noneOf(inputs), ...failedNotice(inputs), ...partialOf(inputs), ...remarks];
    const perModel = all.filter((q) => q.model !== undefined);
    return [
      answers(all.filter((q) => q.model === undefined).map((q) => answerTo(q, study))),
      ...failedNotice(inputs),
      ...partialOf(inputs),
      prose(howSure(inputs, all)),
      ...remarks,
      choicesTable(perModel, study),
      ...when(perModel.length > 0, only(["html"], choicesFigure(perModel, study))),
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
  const failed = `${failures.length === cells.length ? "All" : `${failures.length} of`} ${count(cells.length, "cell")}`;
  return [
    notice(
      "bad",
      `${failed} failed, ${some?.length === failures.length ? "" : `${some?.length} of them `}with ${code}: ${some?.[0]?.message}`,
    ),
    none,
  ];
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
  const open = asked.map(
    (q) => `${questionOf(q, inputs.axes, caller)} (${q.measured} of ${q.options} options can be compared)`,
  );
  return [
    notice("unsure", [
      missing === 0 ? "" : `This run is not whole: ${missing} of its ${cells.length} cells were never reached. `,
      open.length === 0 ? "" : `What it cannot answer ${why}: ${open.join("; ")}.`,
    ]),
  ];
}

/** What a question is about, as readers ask it; of other axes than these their own title. */
const ASKED: Readonly<Record<string, string>> = { placement: "machine", client: "protocol" };

function questionOf(q: Subject, axes: readonly Axis[], caller: string | undefined): string {
  const titles = q.differ.map((key) => ASKED[key] ?? axes.find((axis) => axis.key === key)?.title ?? key);
  const text = and(titles);
  const about = text.charAt(0).toUpperCase() + text.slice(1);
  if (q.local) return `${about}, each calling itself`;
  if (q.model !== undefined) return `${about} for ${q.model}`;
  return q.differ.includes("placement") ? `${about}, for requests from ${caller ?? "elsewhere"}` : about;
}

/** Whether a question is about one axis alone. */
const isAbout = (q: Subject, key: string) => !q.local && q.differ.length === 1 && q.differ[0] === key;

const isSame = (a: Subject, b: Subject) =>
  a.local === b.local && a.model === b.model && a.differ.join() === b.differ.join();

function answerTo(q: Question, study: Study): Answer {
  const [best, ...others] = q.options as readonly [Option, ...Option[]];
  const tied = [best, ...others.filter((o) => o.maybeFastest)];
  const slower = others.filter((o) => !o.maybeFastest);
  const slowerBy = (o: Option) =>
    q.outcome === "once" && o.over.interval === null ? bareTimes(o.over.ratio, TIMES) : ratioText(o);
  const takes = (options: readonly Option[]) =>
    and(options.map((o) => `${optionTitle(o, study.axes)} takes ${slowerBy(o)}`));
  const caller = callerOf(study.manifest.cells);
  const note = `${basisOf(q, caller)}${timingOnly(q, study)}${
    q.leftOut.length === 0 ? "" : ` Nothing that can be compared was measured of ${and(q.leftOut)}.`
  }`;
  const base = { question: questionOf(q, study.axes, caller), answer: optionTitle(best, study.axes), note };
  switch (q.outcome) {
    case "one":
      return unanswered(study).some((u) => isSame(u, q))
        ? { ...base, tone: "unsure", detail: "The only one measured so far: it cannot be compared." }
        : { ...base, tone: "muted", detail: "The only one measured: there is nothing to choose." };
    case "once": {
      const detail = `The fastest in this run: ${takes(others)}. Inconclusive: nothing shows how sure that is.`;
      return { ...base, tone: "unsure", detail };
    }
    case "clear":
      return { ...base, tone: "good", detail: `The fastest: ${takes(others)}.${byModel(q, study)}` };
    case "tie":
      return {
        ...base,
        ...{ answer: or(tied.map((o) => optionTitle(o, study.axes))), tone: "unsure" },
        detail: `Inconclusive, which of them is the fastest: ${takes(tied.slice(1))}. ${
          slower.length === 0 ? "" : `Slower: ${takes(slower)}.`
        }${byModel(q, study)}`,
      };
  }
}

/** Over what the figures are averaged. */
function basisOf(q: Question, caller: string | undefined): string {
  const from = q.local || caller === undefined ? "each machine calls itself" : `requests from ${caller}`;
  const cells = q.cells < q.planned ? `${q.cells} of ${count(q.planned, "cell")}` : count(q.cells, "cell");
  return `Averaged over ${cells} each (${from}).`;
}

function timingOnly(q: Question, study: Study): string {
  const names = !isAbout(q, "model") ? [] : q.options.map((o) => o.name).filter((n) => isTimingOnly(study.manifest, n));
  return names.length === 0 ? "" : ` Of ${and(names)} the time alone is real: its weights are random.`;
}

/** How much slower a protocol is depends on the model: most of all with a fast one. */
function byModel(q: Question, study: Study): string {
  const [best, second] = q.options;
  const nulls = nullModels(study.manifest);
  const fit = fitStudy(study, (c) => !nulls.has(c.model))?.fit;
  const models = fit?.design.levels["model"] ?? [];
  if (!isAbout(q, "client") || best === undefined || second === undefined || fit === undefined) return "";
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
      ? "Cells visited once show no noise, so where they count there is no interval and nothing is called the fastest: a longer run gives them (npx lathe bench). "
      : "",
    untested === 0
      ? ""
      : `${count(untested, "cell")} visited once that too few others can be compared with: one outlier would not be seen, so what rests on them has no interval. `,
    all.some((q) => q.options.some((o) => o.over.interval !== null)) ? "Ranges in brackets are 95 % intervals. " : "",
    "An interval says how well these cells were measured here, not how other images, machines or days would do.",
    failed === 0 ? "" : ` Left out of the comparisons: ${count(failed, "cell")} that failed.`,
    flagged === 0 ? "" : ` Disturbed by their own client: ${count(flagged, "cell")}.`,
  ];
}
