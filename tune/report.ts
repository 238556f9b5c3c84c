import { formatRatio, formatRatioInterval } from "../bench/format/numbers.ts";
import { formatSeconds } from "../lib/progress.ts";
import { count } from "../lib/words.ts";
import { objectiveText } from "./objective.ts";
import { outcome, statuses } from "./race/outcome.ts";
import type { ArmStatus, Found, Gain, KnobEffect, Outcome, RaceState } from "./race/types.ts";

/** Which tuning it is, for readers of its result. */
export interface About {
  readonly id: string;
  readonly stack: string;
  readonly server: string;
  readonly model: string;
  /** Client kind, photograph, load, in words. */
  readonly calls: string;
}

/** Rows of the terminal's list of settings. */
const MOST_ROWS = 8;

const times = ({ ratio, interval }: Gain) =>
  `${formatRatio(ratio)} times as good as the rule (${formatRatioInterval(interval)})`;

/** The result of a race or grid in a sentence or two. Pure. */
export function verdictText(found: Outcome): string {
  const bound = found.underBound === undefined ? "" : ` ${boundText(found.underBound)}`;
  const nearest = (best: { arm: string; gain: Gain } | null) =>
    best === null ? "" : ` Nearest: ${best.arm}, ${times(best.gain)}.`;
  switch (found.kind) {
    case "winner":
      return `${found.arm} wins: ${times(found.gain)}, ${whyText(found)}.` + `${restartText(found.restarted)}${bound}`;
    case "as-good":
      return `The rule is as good: no setting is 3 % better.${nearest(found.best)}${bound}`;
    case "inconclusive":
      return `Inconclusive: ${found.why}.${nearest(found.best)}${bound}`;
  }
}

const whyText = ({ freshBlocks, bestOf }: Found & { kind: "winner" }) =>
  bestOf === undefined
    ? `confirmed by ${freshBlocks} fresh blocks`
    : `the best of ${count(bestOf, "setting")}, for which its interval allows`;

function restartText(restarted: Gain | null): string {
  if (restarted === null) return "";
  return ` After a restart of its server it is ${formatRatio(restarted.ratio)} times as good as before (${formatRatioInterval(restarted.interval)}).`;
}

function boundText({ rule, winner }: NonNullable<Outcome["underBound"]>): string {
  const words = {
    holds: "is under the bound",
    breaks: "is not under the bound",
    open: "may be under or above the bound",
  };
  return `The rule ${words[rule]}${winner === undefined ? "" : `; the winner ${words[winner]}`}.`;
}

/** At most 20 lines for a terminal. Pure. */
export function tuneText(about: About, state: RaceState): string {
  const found = outcome(state);
  const all = statuses(state);
  const measured = all
    .filter((s) => s.blocks > 0 && !s.arm.isRule)
    .toSorted((a, b) => (b.gain?.ratio ?? 0) - (a.gain?.ratio ?? 0));
  const rows = measured.slice(0, MOST_ROWS).map((s) => `  ${s.arm.id}: ${standing(s)}`);
  const rest = all.length - 1 - rows.length;
  return [
    `${about.server}, ${about.model}, for ${objectiveText(state.objective)}: ${verdictText(found)}`,
    `${measured.length} of ${all.length - 1} settings measured, ${formatSeconds(found.secondsUsed)}; ${about.calls}`,
    ...rows,
    ...(rest > 0 ? [`  and ${rest} more: see the page`] : []),
    ...knobsOf(found)
      .slice(0, MOST_ROWS - 2)
      .map((knob) => `  knob ${knobText(knob)}`),
  ].join("\n");
}

function standing({ gain, state, out }: ArmStatus): string {
  const times = gain === null ? "no gain known" : `${formatRatio(gain.ratio)} (${formatRatioInterval(gain.interval)})`;
  return `${times}, ${out === undefined ? state : `${state}: ${out.why.slice(0, 120)}`}`;
}

/** Of a race that came to no answer, effects are of too few visits to be told. */
export const knobsOf = (found: Outcome) => (found.kind === "inconclusive" ? [] : found.knobs);

/** What a knob does, in words. */
export function knobText({ knob, effect, most, why }: KnobEffect): string {
  if (effect === "none") return `${knob}: no value of it differs by 3 %`;
  const differs =
    most === null
      ? []
      : [`${most.better} is ${formatRatio(most.ratio)} times ${most.worse} (${formatRatioInterval(most.interval)})`];
  return `${knob}: ${[...(effect === "open" ? [`not known (${why ?? ""})`] : []), ...differs].join("; ")}`;
}

/** The same for programs: the body of the document. Pure. */
export function tuneDocument(about: About, state: RaceState, config: string): object {
  return {
    ...about,
    objective: objectiveText(state.objective),
    budgetSeconds: state.budget.seconds,
    ...(state.rounds === undefined ? {} : { rounds: state.rounds }),
    outcome: outcome(state),
    arms: statuses(state),
    config,
  };
}
