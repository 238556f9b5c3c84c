import { when } from "../../format/when.ts";
import { questions } from "../../stats/choices.ts";
import { type Block, type Prose, list, notice, only, prose } from "../blocks.ts";
import { heatMapTable } from "../front/heat.ts";
import { serversBlocks } from "../front/servers.ts";
import { extentText } from "../front/words.ts";
import { findingOf } from "../finding.ts";
import { besideText } from "../answer/compared.ts";
import { sentence } from "../answer/names.ts";
import type { Finding, FindingAnswer } from "../answer/types.ts";
import type { Section } from "../section.ts";

/** The finding for a terminal and Markdown; the page has it as its first screen (front/). */
export const answerSection: Section = {
  id: "answer",
  title: "The answer",
  short: "Answer",
  blocks: (inputs) => [only(["terminal", "markdown"], ...blocks(findingOf(inputs), serversBlocks(inputs)))],
  json: (inputs) => ({
    ...(inputs.study === undefined ? {} : { answer: questions(inputs.study) }),
    finding: findingOf(inputs),
  }),
};

function blocks(finding: Finding, servers: readonly Block[]): Block[] {
  const { title, perModel, answers, why, notable, caveats, where, next } = finding;
  return [
    prose([{ strong: title }, ` (${extentText(where)})`]),
    ...caveats.filter((c) => c.tone === "bad").map((c) => notice("bad", c.whole)),
    ...(where.measured === 0 ? [] : servers.length > 0 ? servers : [heatMapTable(perModel)]),
    ...(answers.length === 0 ? [] : [list(answers.map(answerLine))]),
    ...(why.length === 0 ? [] : [list([...why, ...notable.map((n) => `${n.whole} ${n.cause}`)])]),
    ...caveats.filter((c) => c.tone !== "bad").map((c) => notice("unsure", c.whole)),
    ...(next === undefined ? [] : [prose(`Next: ${next}`)]),
  ];
}

function answerLine({ question, answer, confidence, compared, limit, doubt, why, settle }: FindingAnswer): Prose {
  const beside = besideText({ compared, limit, doubt });
  const more = [...when(beside !== "", ` ${beside}.`), ...when(why !== "", ` ${sentence(why)}`)];
  const sure = confidence === "high" ? "high confidence" : "inconclusive";
  return [
    { strong: `${question}: ${answer}` },
    ` (${sure}).`,
    ...more,
    ...when(settle !== undefined, ` To settle it: ${settle ?? ""}`),
  ];
}
