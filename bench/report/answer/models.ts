import { isPlain } from "../../matrix/cell.ts";
import { type Option, type Question, ask, questions } from "../../stats/choices.ts";
import type { Levels } from "../../stats/effects/design.ts";
import { type CellGroup, factorLevels, groupsBut, levelsOf, placeFactors } from "../../stats/levels.ts";
import { known, ofLog } from "../../stats/math/estimate.ts";
import { mean } from "../../stats/math/quantile.ts";
import { once } from "../../stats/math/memo.ts";
import { nullModels } from "../../stats/study.ts";
import type { CellSummary } from "../../stats/summary.ts";
import { isTimingOnly } from "../sections/caveats.ts";
import type { ReportInputs } from "../section.ts";
import { fastestText, slowerText } from "./compared.ts";
import { placeText, protocolNames } from "./names.ts";
import { settleCommand } from "./settle.ts";
import type { ModelFinding, PlaceRow } from "./types.ts";

/** With the question of its best place and protocol; undefined where it has none. */
export interface AskedModel extends ModelFinding {
  readonly question: Question | undefined;
}

/** Each model at every place and protocol, models that answer a constant last. */
export const modelFindings = once((inputs: ReportInputs): readonly AskedModel[] => {
  const { manifest, study, cells } = inputs;
  const nulls = nullModels(manifest);
  const models = [...new Set(cells.map((c) => c.model))];
  const ordered = [...models.filter((m) => !nulls.has(m)), ...models.filter((m) => nulls.has(m))];
  return ordered.map((model): AskedModel => {
    const question = study && questions(study).find((q) => q.model === model);
    const rows = rowsOf(inputs, model, question);
    const base = { model, isNull: nulls.has(model), timingOnly: isTimingOnly(manifest, model), rows, question };
    if (study === undefined || question === undefined) return base;
    const [, second] = question.options;
    if (second === undefined) return base;
    const settle = question.outcome === "clear" ? undefined : settleCommand(question, inputs);
    return {
      ...base,
      confidence: question.outcome === "clear" ? "high" : "inconclusive",
      fastest: fastestText(question, study),
      next: slowerText(second, study),
      ...(settle === undefined ? {} : { settle }),
    };
  });
});

function rowsOf(inputs: ReportInputs, model: string, question: Question | undefined): PlaceRow[] {
  const { manifest, summaries, axes } = inputs;
  const groups = groupsBut(
    inputs.cells.filter((c) => c.model === model),
    axes,
    ["image"],
  );
  const optionOf = optionsOf(inputs, model, question, groups);
  const name = protocolNames(manifest.clients);
  const [fastest, second] = question?.options ?? [];
  return groups.map((group) => {
    const [cell] = group;
    const found = group.map((c) => summaries.get(c.id));
    const measured = found.filter((s) => s !== undefined && s.n > 0 && s.failure === undefined) as CellSummary[];
    const option = optionOf(group);
    const compared = second !== undefined && option !== undefined && question?.options.includes(option) === true;
    const own = ofLog(mean(measured.map((s) => Math.log(s.medianMs))));
    return {
      levels: levelsOf(cell, axes, ["image", "model"]),
      place: placeText(cell, inputs),
      protocol: name(cell.client),
      medianMs: measured.length === 0 ? null : (option?.ms.ratio ?? own),
      interval: known(option?.ms.interval),
      ...(option?.ms.doubt && { doubt: option.ms.doubt }),
      compared,
      best: compared && option === fastest,
      maybeBest: compared && option.maybeFastest,
      measured: measured.length,
      failed: found.filter((s) => s?.failure !== undefined).length,
      planned: group.length,
    };
  });
}

/**
 * The option of a choice that a group of cells is: of the question that is asked of the caller's cells, or of local ones. None where
 * cells under load or of a further factor are in between, so that an option is an average over several groups.
 */
function optionsOf(
  { study, axes }: ReportInputs,
  model: string,
  question: Question | undefined,
  groups: readonly CellGroup[],
): (group: CellGroup) => Option | undefined {
  if (study === undefined) return () => undefined;
  const local = groups.flat().filter((c) => c.local && isPlain(c));
  const atHome = ask(study, { differ: placeFactors(local, axes), local: true, model }, local);
  const plain = groups.filter(([cell]) => isPlain(cell));
  const optionIn = (q: Question | undefined, group: CellGroup) => {
    const keyOf = (levels: Levels) => JSON.stringify(q?.differ.map((factor) => levels[factor]));
    const key = keyOf(factorLevels(group[0], axes));
    const alone = plain.filter(([cell]) => keyOf(factorLevels(cell, axes)) === key).length === 1;
    return alone ? q?.options.find((o) => keyOf(o.at) === key) : undefined;
  };
  return (group) =>
    isPlain(group[0])
      ? (optionIn(question, group) ?? optionIn(local.includes(group[0]) ? atHome : undefined, group))
      : undefined;
}
