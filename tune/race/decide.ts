import { choose } from "./choose.ts";
import { WORTH_HAVING } from "./confirm.ts";
import { type Facts, factsOf } from "./facts.ts";
import { bounded, ruleOf } from "./standing.ts";
import { distances, surface } from "./estimate/surface.ts";
import { once } from "../../bench/stats/math/memo.ts";
import { unclear } from "./explain.ts";
import { gridStep, gridWinner } from "./grid.ts";
import { knobLooks } from "./knobs.ts";
import { type Decision, BLOCK_VISITS, affords, measure, perVisit, ruleFails } from "./steps.ts";
import type { PairedBlock, RaceState } from "./types.ts";

/**
 * The race goes on while another arm is expected to improve on the best by more than this, in logarithms. If nothing seems to beat the rule,
 * the number is smaller, because an arm that had a bad first visit would not be visited again.
 */
const ENOUGH = { better: 0.002, none: 0.001 };

/** Time for so many blocks is reserved for a confirmation, but at most half of the budget. */
const KEPT_BLOCKS = 12;

/** How many candidates may be confirmed, one after the other: the first may only have been lucky. Each confirmation errs in 2.5 % of races. */
const MOST_CONFIRMATIONS = 2;

/** Blocks of the rule and a winner whose server was started anew. */
const RESTART_BLOCKS = 4;

/** Blocks that may go to knobs whose effect is open when the race is over: as many as it takes to show that one has none. */
const MOST_EXPLAINING = 40;

/** Decides what to do after the last whole block. */
export const decide = once((state: RaceState): Decision => {
  if (state.rounds !== undefined) return gridStep(state);
  const found = settle(settled(state));
  if (found.do === "measure" || !["confirmed", "nothing-better"].includes(found.end)) return found;
  const winner = winnerOf(state);
  return (winner === undefined ? null : restart(state, winner)) ?? explain(state, winner) ?? found;
});

/** The race as it was before its knobs were explained: that changes nothing of what was found. */
export const settled = once((state: RaceState): RaceState => {
  const from = state.blocks.findIndex((b) => b.purpose === "explain");
  return from < 0 ? state : { ...state, blocks: state.blocks.slice(0, from) };
});

/** The arm that was confirmed, or that won a grid; undefined: none. */
export function winnerOf(state: RaceState): string | undefined {
  if (state.rounds !== undefined) return gridWinner(state);
  return factsOf(settled(state)).confirmations.find((c) => c.verdict === "better")?.candidate;
}

/** Decides whether the race is over, or what it measures next. Blocks for knobs apart. */
export const settle = once((state: RaceState): Decision => {
  const facts = factsOf(state);
  const { rule, confirmations: held } = facts;
  if (ruleFails(state)) return { do: "end", end: "rule-fails" };
  const last = held.at(-1);
  if (last?.verdict === "better") return { do: "end", end: "confirmed" };
  if (last?.verdict === "open") return confirm(state, rule, last.candidate);
  const left = leftOf(state, facts);
  const refused = held.filter((c) => c.verdict !== "out").length;
  if (left.length === 0 || refused >= MOST_CONFIRMATIONS) return { do: "end", end: "nothing-better" };
  const { leader, picks, worth, best, enough } = standing(state, facts, left);
  const order = [...new Set([rule, leader, ...picks])].slice(0, BLOCK_VISITS);
  const kept = Math.min(2 * KEPT_BLOCKS * perVisit(state), state.budget.seconds / 2);
  const races = refused > 0 ? 0 : kept;
  if (best === null || (worth > enough && affords(state, order.length, races)))
    return affords(state, order.length, 0) ? measure(state, "race", order) : { do: "end", end: "budget" };
  if (nothingBetter(state, facts, left) || (leader === rule && refused > 0))
    return { do: "end", end: "nothing-better" };
  return confirm(state, rule, best);
});

/** The arm that a race would choose now: the confirmed one, otherwise the best by all visits, which may be the rule. */
export function leaderOf(state: RaceState): string {
  const facts = factsOf(state);
  return winnerOf(state) ?? standing(state, facts, leftOf(state, facts)).leader;
}

/** The arms that may still beat the rule: neither out nor refused by fresh blocks. */
function leftOf(state: RaceState, { rule, out, confirmations: held }: Facts): string[] {
  const refused = held.filter((c) => c.verdict !== "open" && c.verdict !== "better").map((c) => c.candidate);
  return state.arms.map(({ id }) => id).filter((id) => id !== rule && !out.has(id) && !refused.includes(id));
}

const apart = once(distances);

/** What the visits of a race let one think of all its arms. */
const thoughtOf = once((state: RaceState) => surface(apart(state.arms), state.arms, factsOf(state).contrasts));

/** The best arm so far, the best one that is not the rule, and the arms that are worth measuring beside it. */
function standing(state: RaceState, { rule, contrasts: { measured } }: Facts, left: readonly string[]) {
  const ids = state.arms.map((arm) => arm.id);
  const at = (id: string) => ids.indexOf(id);
  const thought = thoughtOf(state);
  const mean = (id: string) => thought.mean[at(id)] as number;
  const challengers = left.filter((id) => measured.has(id));
  const best = challengers.length === 0 ? null : challengers.reduce((a, b) => (mean(b) > mean(a) ? b : a));
  const leader = best !== null && mean(best) > mean(rule) ? best : rule;
  const above = Math.max(0, mean(rule) + WORTH_HAVING - mean(leader));
  const { picks, worth } = choose(thought, at(leader), above, left.map(at), BLOCK_VISITS - 1);
  const enough = above > 0 ? ENOUGH.none : ENOUGH.better;
  return { leader, best, worth, enough, picks: picks.map((i) => ids[i] as string) };
}

/** Whether every measured arm is surely less than 3 % better than the rule. */
function nothingBetter(state: RaceState, { contrasts: c, rule }: Facts, left: readonly string[]): boolean {
  return left.every((arm) => {
    const bound = c.measured.has(arm) ? bounded(c, arm, rule, state.arms.length) : null;
    return !c.measured.has(arm) || (bound !== null && bound.high < WORTH_HAVING);
  });
}

/** Blocks of a winner whose server was started anew, beside the rule; null: they were made, or the budget is too small for all of them. */
function restart(state: RaceState, winner: string): Decision | null {
  const left = RESTART_BLOCKS - restartBlocks(state, winner).length;
  return left > 0 && affords(state, 2 * left, 0) ? measure(state, "restart", [ruleOf(state).id, winner]) : null;
}

/** The blocks in which an arm was measured after its server was started anew. */
export function restartBlocks(state: RaceState, arm: string): PairedBlock[] {
  return state.blocks.filter((b) => b.purpose === "restart" && b.order.includes(arm));
}

/** Blocks of arms that differ in one knob, until every knob has an effect or has none; null: nothing more to see. */
function explain(state: RaceState, winner: string | undefined): Decision | null {
  const { out } = factsOf(state);
  const looks = knobLooks(state, winner);
  const order = unclear(looks, ({ id }) => out.get(id)?.fails !== true, BLOCK_VISITS).map(({ id }) => id);
  const blocks = state.blocks.filter((b) => b.purpose === "explain").length;
  return order.length === 0 || blocks >= MOST_EXPLAINING || !affords(state, order.length, 0)
    ? null
    : measure(state, "explain", order);
}

function confirm(state: RaceState, rule: string, candidate: string): Decision {
  return affords(state, 2, 0) ? measure(state, "confirm", [rule, candidate]) : { do: "end", end: "budget" };
}
