import { UserError } from "../../lib/errors.ts";
import { decide, restartBlocks } from "./decide.ts";
import { visitOf } from "./score.ts";
import { ruleOf } from "./standing.ts";
import type { Arm, Block, Budget, Next, Objective, PairedBlock, RaceState } from "./types.ts";

/**
 * A race, or grid, that has measured nothing.
 *
 * @param seed decides the order of arms in blocks
 * @param rounds makes it a grid: every arm is visited so often
 * @throws UserError if not exactly one arm is the rule, or two arms have one id or the same settings
 */
export function begin(
  arms: readonly Arm[],
  objective: Objective,
  seed: number,
  budget: Budget,
  rounds?: number,
): RaceState {
  const rules = arms.filter((arm) => arm.isRule).length;
  const settings = arms.map((arm) => JSON.stringify(Object.entries(arm.settings).sort(([a], [b]) => (a < b ? -1 : 1))));
  const faults = [
    ...(rules === 1 ? [] : [{ what: `a race of ${arms.length} arms`, expected: `one arm is the rule, not ${rules}` }]),
    ...twice(arms.map((arm) => arm.id)).map((id) => ({ what: `arm ${id}`, expected: "an id of its own" })),
    ...twice(settings).map((text) => ({ what: `settings ${text}`, expected: "one arm that has them" })),
  ];
  if (faults.length > 0) throw new UserError(faults);
  return { schema: "lathe-race/1", arms, objective, seed, budget, ...(rounds && { rounds }), blocks: [], open: null };
}

const twice = (words: readonly string[]) => [...new Set(words.filter((word, i) => words.indexOf(word) !== i))];

/** What to measure next: within a block, the arms that are not measured yet. The same state gives the same answer. */
export function next(state: RaceState): Next {
  const block = state.open ?? opened(state);
  if (block === null) return { kind: "done" };
  const arms = block.order.filter((id) => !block.visits.some((v) => v.arm === id));
  if (block.purpose !== "restart") return { kind: block.purpose === "confirm" ? "confirm" : "block", arms };
  const winner = block.order.find((id) => id !== ruleOf(state).id) as string;
  const first = block.visits.length === 0 && restartBlocks(state, winner).length === 0;
  return { kind: "restart", arms, ...(first ? { restart: winner } : {}) };
}

function opened(state: RaceState): PairedBlock | null {
  const decision = decide(state);
  return decision.do === "end" ? null : { purpose: decision.purpose, order: decision.order, visits: [] };
}

/** The state with one more visit. @throws UserError if `next` did not ask for this arm now */
export function observe(state: RaceState, measured: Block): RaceState {
  const open = state.open ?? opened(state);
  const due = open?.order[open.visits.length];
  if (open === null || due !== measured.arm)
    throw new UserError({ what: `a visit to ${measured.arm}`, expected: due ?? "no visit: the race is over" });
  const block = { ...open, visits: [...open.visits, visitOf(measured, state.objective)] };
  return block.visits.length < block.order.length
    ? { ...state, open: block }
    : { ...state, open: null, blocks: [...state.blocks, block] };
}

/**
 * The state without the block that has begun and not ended: after a pause, its arms would not share the machine's state. An arm that was killed
 * in it stays killed.
 */
export function resume(state: RaceState): RaceState {
  const killed = state.open?.visits.filter((v) => v.killed !== undefined) ?? [];
  if (state.open === null || killed.length === 0) return { ...state, open: null };
  return { ...state, open: null, blocks: [...state.blocks, { ...state.open, visits: killed }] };
}
