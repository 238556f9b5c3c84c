import { next, observe, resume } from "./race/race.ts";
import { outcome, statuses } from "./race/outcome.ts";
import type { Block, RaceState } from "./race/types.ts";
import { formatRatio } from "../bench/format/numbers.ts";
import { formatSeconds } from "../lib/progress.ts";

/** Functions that a race calls. */
export interface RaceTools {
  /** Visits an arm. @param needed arms of the same block that come after it */
  visit(arm: string, needed: readonly string[]): Promise<Block>;
  /** Makes an arm's server start anew at its next visit. */
  restart(arm: string): Promise<void>;
  /** Keeps the state: what was kept last is what a killed tuning goes on from. */
  keep(state: RaceState): Promise<void>;
  /** Shows the progress. */
  note(text: string): void;
  /** Whether the race goes on after its answer, to measure which knobs matter. */
  readonly knobs: boolean;
}

/**
 * Runs a race until it has an answer or its budget ends. A block that had begun but not ended begins anew.
 *
 * @returns the state at its end
 */
export async function runRace(from: RaceState, tools: RaceTools): Promise<RaceState> {
  let state = resume(from);
  for (;;) {
    const due = next(state);
    if (due.kind === "done" || isOver(state, tools.knobs)) return state;
    if (due.restart !== undefined) await tools.restart(due.restart);
    for (const [i, arm] of due.arms.entries()) {
      state = observe(state, await tools.visit(arm, due.arms.slice(i + 1)));
      await tools.keep(state);
      tools.note(progressText(state, due.kind));
    }
  }
}

/** Whether a race makes no more visits. @param knobs whether it goes on to the knobs after its answer */
export function isOver(state: RaceState, knobs: boolean): boolean {
  const { kind } = next(state);
  return kind === "done" || (!knobs && kind !== "restart" && outcome(state).kind !== "inconclusive");
}

const DOING = { block: "", confirm: "confirming the best, ", restart: "the best after a restart of its server, " };

/** How far a race is: arms that are left, the best of them, the time. Pure. */
export function progressText(state: RaceState, doing: "block" | "confirm" | "restart"): string {
  const all = statuses(state).filter(({ arm }) => !arm.isRule);
  const out = all.filter((s) => s.state === "dropped" || s.state === "killed").length;
  const best = all.filter((s) => s.gain !== null && s.out === undefined);
  const leader = best.toSorted((a, b) => (b.gain?.ratio ?? 0) - (a.gain?.ratio ?? 0))[0];
  const visits = [...state.blocks, ...(state.open === null ? [] : [state.open])].flatMap((b) => b.visits);
  const used = visits.reduce((sum, v) => sum + v.seconds, 0);
  const leads = leader?.gain == null ? "" : `, best ${leader.arm.id}: ${formatRatio(leader.gain.ratio)} times the rule`;
  return (
    `${DOING[doing]}${all.length - out} of ${all.length} settings left${leads}, ` +
    `${visits.length} visits, ${formatSeconds(used)} of ${formatSeconds(state.budget.seconds)}`
  );
}
