import { random, seedOf } from "../../bench/stats/math/random.ts";
import { ruleOf } from "./standing.ts";
import type { Purpose, RaceState, Visit } from "./types.ts";

/* What races and grids decide: the next block, or the end. */

/** Why it ends. */
export type End = "confirmed" | "nothing-better" | "all-visited" | "rule-fails" | "budget";

export type Decision =
  | { readonly do: "measure"; readonly purpose: Purpose; readonly order: readonly string[] }
  | { readonly do: "end"; readonly end: End };

/** Visits of a block. Larger blocks need fewer visits of the rule in all; during smaller blocks the machine changes less. */
export const BLOCK_VISITS = 6;

/** It ends when the rule has got no score in so many blocks. */
const RULE_FAILS = 3;

/** Whether the server fails with the rule's own settings. */
export function ruleFails(state: RaceState): boolean {
  const rule = ruleOf(state).id;
  const failed = state.blocks.filter(({ visits }) => visits.some((v) => v.arm === rule && v.score === null));
  return failed.length >= RULE_FAILS;
}

/** The decision to measure some arms in a block. The seed and the number of blocks before it decide the order. */
export function measure(state: RaceState, purpose: Purpose, arms: readonly string[]): Decision {
  return { do: "measure", purpose, order: shuffled(arms, `block ${state.blocks.length}`, state.seed) };
}

/** Words in an order that the seed decides, another one for each `what`. */
export function shuffled(words: readonly string[], what: string, seed: number): string[] {
  const stream = random(seedOf(what, seed));
  const order = [...words];
  for (let i = order.length - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    [order[i], order[j]] = [order[j] as string, order[i] as string];
  }
  return order;
}

/** All visits so far, those of the open block among them. */
export const visitsSoFar = ({ blocks, open }: Pick<RaceState, "blocks" | "open">): Visit[] =>
  [...blocks, ...(open === null ? [] : [open])].flatMap((b) => b.visits);

/** Seconds of all visits so far. */
export function secondsUsed(state: RaceState): number {
  return visitsSoFar(state).reduce((sum, v) => sum + v.seconds, 0);
}

/** Mean seconds of a visit; 0 before the first. */
export function perVisit(state: RaceState): number {
  return secondsUsed(state) / Math.max(1, visitsSoFar(state).length);
}

/** Whether the budget has time for so many more visits, and `keep` seconds after them. */
export function affords(state: RaceState, visits: number, keep: number): boolean {
  return secondsUsed(state) + visits * perVisit(state) + keep <= state.budget.seconds;
}
