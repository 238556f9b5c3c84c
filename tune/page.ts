import { formatMs, formatRatio, formatRatioInterval } from "../bench/format/numbers.ts";
import { type Block, type Table, type TableCell, list, prose, right, rights, table } from "../bench/report/blocks.ts";
import { blockHtml } from "../bench/report/render/blocks-html.ts";
import { html } from "../bench/report/render/markup.ts";
import { renderPage } from "../bench/report/render/page.ts";
import { formatSeconds } from "../lib/progress.ts";
import { count } from "../lib/words.ts";
import { objectiveText } from "./objective.ts";
import { frontFigure, raceFigure } from "./race/drawings.ts";
import { outcome, statuses } from "./race/outcome.ts";
import type { ArmStatus, Gain, Outcome, RaceState } from "./race/types.ts";
import { type About, knobText, knobsOf, verdictText } from "./report.ts";

/** The page of a tuning as HTML: the answer with its figures, all settings, what each knob does, how it was measured. Pure. */
export function tunePage(about: About, state: RaceState): string {
  const [found, all] = [outcome(state), statuses(state)];
  const objective = objectiveText(state.objective);
  const figures = all.some((s) => s.blocks > 0) ? [raceFigure(all, state.rounds), frontFigure(all)] : [];
  const knobs = knobsOf(found).map(knobText);
  const sections: readonly (readonly [id: string, title: string, blocks: readonly Block[]])[] = [
    ["settings", "All settings", figures],
    ["knobs", "What each knob does", knobs.length === 0 ? [] : [list(knobs)]],
    ["measured", "How it was measured", [measuredList(about, state, found)]],
  ];
  const front = [prose(verdictText(found)), ...besideRule(found, all)];
  const page = {
    title: `${about.server}: ${titleOf(found, objective)}`,
    eyebrow: `Lathe · tuning ${about.id} · ${about.model}, for ${objective}`,
    body: html`${front.map((block, i) => blockHtml(block, `found-${i}`, "What was found"))}`,
  };
  const shown = sections.filter(([, , blocks]) => blocks.length > 0);
  return renderPage(
    page,
    shown.map(([id, title, blocks]) => ({ id, title, short: title, blocks })),
  );
}

function titleOf(found: Outcome, objective: string): string {
  switch (found.kind) {
    case "winner":
      return `${found.arm} is ${formatRatio(found.gain.ratio)} times as good as the rule`;
    case "as-good":
      return `no setting beats the rule by 3 % for ${objective}`;
    case "inconclusive":
      return "whether a setting beats the rule is inconclusive";
  }
}

/** The rule and the setting that won, or came nearest, in figures. */
function besideRule(found: Outcome, all: readonly ArmStatus[]): Table[] {
  const best = found.kind === "winner" ? found : found.best;
  const row = (what: string, s: ArmStatus, gain: Gain | null): TableCell[] => [
    ...[what, s.arm.isRule ? "the rule's" : s.arm.id],
    ...[s.medianMs === null ? "–" : formatMs(s.medianMs), rate(s.answeredPerSecond)],
    ...(gain === null ? ["", ""] : [formatRatio(gain.ratio), formatRatioInterval(gain.interval)]),
  ];
  const rows = all
    .filter((s) => s.blocks > 0 && (s.arm.isRule || s.arm.id === best?.arm))
    .map((s) =>
      s.arm.isRule
        ? row("rule", s, null)
        : row(found.kind === "winner" ? "winner" : "nearest", s, best?.gain ?? s.gain),
    );
  const columns = ["which", "settings", ...rights("median, ms", "calls/s", "times as good"), right("interval")];
  return rows.length === 0 ? [] : [table({ columns, rows })];
}

const rate = (perSecond: number | null) => (perSecond === null ? "–" : String(Number(perSecond.toPrecision(3))));

function measuredList({ model, calls }: About, state: RaceState, { secondsUsed }: Outcome): Block {
  const { blocks, budget, objective, rounds } = state;
  return list([
    `Objective: ${objectiveText(objective)}. Model: ${model}. Calls: ${calls}.`,
    rounds === undefined
      ? `${blocks.length} blocks in ${formatSeconds(secondsUsed)}; the budget was ${formatSeconds(budget.seconds)}.`
      : `A grid of ${count(rounds, "round")}: ${blocks.length} blocks in ${formatSeconds(secondsUsed)}. No setting was dropped because it was slow.`,
    "docs/tune.md says what is tried, docs/tune-method.md how it is decided.",
  ]);
}
