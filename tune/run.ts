import { next, observe, resume } from "./race/race.ts";
import { gridVisits } from "./race/grid.ts";
import { outcome, statuses } from "./race/outcome.ts";
import { perVisit, secondsUsed, visitsSoFar } from "./race/steps.ts";
import type { Block, RaceState } from "./race/types.ts";
import { formatRatio } from "../bench/format/numbers.ts";
import { formatSeconds } from "../lib/progress.ts";
import { count } from "../lib/words.ts";

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
 * Runs a race until it has an answer or its budget ends; a grid until it is complete. A block that had begun but not ended begins anew.
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

/** Whether no more visits are made. A grid is complete first. @param knobs whether a race goes on to the knobs after its answer */
export function isOver(state: RaceState, knobs: boolean): boolean {
  const { kind } = next(state);
  if (kind === "done" || state.rounds !== undefined) return kind === "done";
  return !knobs && kind !== "restart" && outcome(state).kind !== "inconclusive";
}

const DOING = { block: "", confirm: "confirming the best, ", restart: "the best after a restart of its server, " };

/** How far a race is: arms that are left, the best of them, the time. Pure. */
export function progressText(state: RaceState, doing: "block" | "confirm" | "restart"): string {
  if (state.rounds !== undefined) return gridProgress(state);
  const all = statuses(state).filter(({ arm }) => !arm.isRule);
  const out = all.filter((s) => s.state === "dropped" || s.state === "killed").length;
  const best = all.filter((s) => s.gain !== null && s.out === undefined);
  const leader = best.toSorted((a, b) => (b.gain?.ratio ?? 0) - (a.gain?.ratio ?? 0))[0];
  const leads = leader?.gain == null ? "" : `, best ${leader.arm.id}: ${formatRatio(leader.gain.ratio)} times the rule`;
  return (
    `${DOING[doing]}${all.length - out} of ${all.length} settings left${leads}, ` +
    `${count(visitsSoFar(state).length, "visit")}, ${formatSeconds(secondsUsed(state))} of ${formatSeconds(state.budget.seconds)}`
  );
}

/** How far a grid is. If servers were killed, it ends sooner. Pure. */
function gridProgress(state: RaceState): string {
  const visits = visitsSoFar(state);
  const [whole, killed] = [gridVisits(state), visits.filter((v) => v.killed !== undefined).length];
  return (
    `${visits.length} of ${count(whole, "visit")}${killed === 0 ? "" : `, ${count(killed, "server")} killed`}, ` +
    `about ${formatSeconds(Math.max(0, whole - visits.length) * perVisit(state))} left`
  );
}
