import { and, count } from "../../../lib/words.ts";
import { when } from "../../format/when.ts";
import { asDeployed, isPlain } from "../../matrix/cell.ts";
import { type Question, type Subject, ask, callerOf, questions, unanswered } from "../../stats/choices.ts";
import { DOUBT_WORDS } from "../../stats/effects/persistence.ts";
import { type Study, nullModels } from "../../stats/study.ts";
import type { ReportInputs } from "../section.ts";
import { fastestText, othersText } from "./compared.ts";
import { resumeCommand, settleCommand } from "./settle.ts";
import type { FindingAnswer } from "./types.ts";
import { causeOf } from "./why.ts";

/**
 * The answer to each question about one axis: over all models where they agree, else for each model by itself. So no two answers
 * contradict each other: a mean over models that differ answers nothing.
 */
export function answersOf(inputs: ReportInputs): readonly FindingAnswer[] {
  const { study } = inputs;
  // Where nothing was measured, why is all there is to say.
  if (study === undefined || [...inputs.summaries.values()].every((s) => s.n === 0)) return [];
  const asked = questions(study).filter((q) => q.model === undefined && q.options.length > 1);
  const open = unanswered(study).filter((u) => u.model === undefined);
  return [
    ...asked.flatMap((q) => byModelWhereTheyDiffer(q, study)).map((q) => answerTo(q, inputs, study)),
    ...open.map((u): FindingAnswer => {
      const compared = `${u.measured} of ${u.options} options can be compared: cells failed, or were not measured`;
      const base = { question: questionText(u, inputs), answer: "not known", confidence: "inconclusive" } as const;
      return { ...base, compared, limit: "", doubt: "", why: "", settle: resumeCommand(inputs) };
    }),
  ];
}

/** A question over all models, or the same one of each model where a model is certain of what all together are not. */
function byModelWhereTheyDiffer(q: Question, study: Study): readonly Question[] {
  if (q.differ.includes("model")) return [q];
  const each = ofEachModel(q, study);
  const certain = each.filter((own) => own.outcome === "clear");
  const differ = certain.some((own) => q.outcome !== "clear" || own.options[0]?.name !== q.options[0]?.name);
  return each.length > 1 && differ ? each : [q];
}

function ofEachModel(q: Subject, study: Study): readonly Question[] {
  const nulls = nullModels(study.manifest);
  const plain = asDeployed(study.manifest.cells.filter((c) => isPlain(c) && !nulls.has(c.model)));
  const caller = callerOf(plain);
  const cells = plain.filter((c) => (q.local ? c.local : caller === undefined || c.clientMachine === caller));
  return [...Map.groupBy(cells, (c) => c.model)].flatMap(([model, own]) => {
    const found = ask(study, { differ: q.differ, local: q.local, model }, own);
    return found === undefined || found.options.length < 2 ? [] : [found];
  });
}

function answerTo(q: Question, inputs: ReportInputs, study: Study): FindingAnswer {
  const sure = q.outcome === "clear";
  const alone = sure && q.model === undefined && !q.differ.includes("model");
  const unsure = !alone ? [] : ofEachModel(q, study).filter((own) => own.outcome !== "clear");
  const settle = sure ? undefined : settleCommand(q, inputs);
  const [told, others] = [q.options.length, q.leftOut.length];
  return {
    // An answer that is of some options alone must not be read as one of all.
    question: `${questionText(q, inputs)}${others === 0 ? "" : ` (${told} of ${told + others})`}`,
    answer: fastestText(q, study),
    confidence: sure ? "high" : "inconclusive",
    compared: othersText(q, study),
    limit: [
      ...when(unsure.length > 0, `inconclusive for ${and(unsure.map((own) => own.model ?? ""))} alone`),
      ...when(others > 0, `not compared, for want of like cells: ${count(others, "other")}`),
      ...when(!sure && settle === undefined, "too close for a longer run to tell them apart"),
    ].join("; "),
    doubt: doubtsOf(q).join("; "),
    why: causeOf(q, inputs, study),
    ...(settle === undefined ? {} : { settle }),
  };
}

/** What so few rounds cannot tell of a comparison of machines. */
function doubtsOf({ options }: Question): string[] {
  const doubts = new Set(options.flatMap((o) => o.over.doubt ?? []));
  return [...doubts].map((doubt) => DOUBT_WORDS[doubt]);
}

/** What readers call a question about an axis; of other axes than these their own title. */
const ASKED: Readonly<Record<string, string>> = { placement: "machine", client: "protocol" };

function questionText(q: Subject, { axes }: ReportInputs): string {
  const titles = q.differ.map((key) => ASKED[key] ?? axes.find((axis) => axis.key === key)?.title ?? key);
  const text = and(titles);
  const about = text.charAt(0).toUpperCase() + text.slice(1);
  const of = q.local ? " for local calls to " : " for ";
  return `${about}${q.model !== undefined ? of + q.model : q.local ? " for local calls" : ""}`;
}
