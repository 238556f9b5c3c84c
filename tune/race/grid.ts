import type { Interval } from "../../bench/stats/math/estimate.ts";
import { once } from "../../bench/stats/math/memo.ts";
import { count } from "../../lib/words.ts";
import { atOneLook } from "./estimate/bound.ts";
import { WORTH_HAVING } from "./confirm.ts";
import { factsOf } from "./facts.ts";
import { gainOf, gainsOf, noisier, paired } from "./gains.ts";
import { BLOCK_VISITS, type Decision, affords, measure, ruleFails, shuffled } from "./steps.ts";
import type { Best, Found, Gain, RaceState } from "./types.ts";

/* A grid visits every arm in every round. No arm is dropped for being slow, and none is confirmed: the number of visits is the same, whatever they show. */

/** How often the intervals of all arms together may miss a truth. */
const MISS = 0.05;

/** How often an arm that is 3 % better may seem to be less than that. */
const MISS_BETTER = 0.05;

/** What a grid measures next: some arms that this round has not visited yet, and the rule. */
export function gridStep(state: RaceState): Decision {
  if (ruleFails(state)) return { do: "end", end: "rule-fails" };
  const { rule } = factsOf(state);
  const visits = new Map<string, number>();
  for (const { arm } of state.blocks.flatMap((b) => b.visits)) visits.set(arm, (visits.get(arm) ?? 0) + 1);
  const visitsOf = (arm: string) => visits.get(arm) ?? 0;
  const arms = armsLeft(state);
  const rounds = Math.min(...arms.map(visitsOf));
  if (rounds >= (state.rounds ?? 0)) return { do: "end", end: "all-visited" };
  const due = shuffled(arms, `round ${rounds}`, state.seed).filter((arm) => visitsOf(arm) === rounds);
  const blocks = Math.ceil(due.length / (BLOCK_VISITS - 1));
  const block = [rule, ...due.slice(0, Math.ceil(due.length / blocks))];
  return affords(state, block.length, 0) ? measure(state, "grid", block) : { do: "end", end: "budget" };
}

/** Visits of a whole grid, if no arm is killed. */
export function gridVisits({ arms, rounds = 0 }: Pick<RaceState, "arms" | "rounds">): number {
  const others = arms.length - 1;
  return rounds * (others + Math.ceil(others / (BLOCK_VISITS - 1)));
}

/** The arms beside the rule whose servers have not failed. */
function armsLeft(state: RaceState): string[] {
  const { rule, out } = factsOf(state);
  return state.arms.map(({ id }) => id).filter((id) => id !== rule && !out.has(id));
}

/** How much better than the rule an arm is, in logarithms. */
interface Seen {
  readonly value: number;
  /** It holds for all arms of the grid together (Bonferroni), so it holds for the best of them, too. */
  readonly interval: Interval | null;
  /** Whether the arm by itself is surely less than 3 % better. */
  readonly small: boolean;
}

function seenOf(state: RaceState, arm: string): Seen | null {
  const { rule, contrasts } = factsOf(state);
  const all = arm === rule ? null : contrasts.between(arm, rule);
  if (all === null) return null;
  // An arm that is good only at times varies more than the others.
  const own = paired(gainsOf(arm, state.blocks, rule));
  const difference = own === null ? all : noisier(all, own);
  const most = atOneLook(difference, 2 * MISS_BETTER);
  return {
    value: all.value,
    interval: atOneLook(difference, MISS / (state.arms.length - 1)),
    small: most !== null && most.high < WORTH_HAVING,
  };
}

/** The gain of an arm over the rule; its interval holds for all arms together. Null: it has no score, or is the rule. */
export function gridGain(state: RaceState, arm: string): Gain | null {
  const seen = seenOf(state, arm);
  return seen && gainOf(seen.value, seen.interval);
}

/** The arm that won; undefined: none, or the grid is not complete. */
export function gridWinner(state: RaceState): string | undefined {
  const found = gridFound(state);
  return found.kind === "winner" ? found.arm : undefined;
}

/** The answer of a grid; inconclusive until it is complete. */
export const gridFound = once((state: RaceState): Found => {
  const step = gridStep(state);
  const arms = armsLeft(state);
  const gains = arms.flatMap((arm): Best[] => {
    const gain = gridGain(state, arm);
    return gain === null ? [] : [{ arm, gain }];
  });
  const best = gains.length === 0 ? null : gains.reduce((a, b) => (b.gain.ratio > a.gain.ratio ? b : a));
  const inconclusive = (why: string): Found => ({ kind: "inconclusive", why, best });
  if (step.do === "measure") return inconclusive("the grid is not complete");
  if (step.end === "rule-fails") return inconclusive("the server fails with the rule's own settings");
  if (step.end === "budget") return inconclusive("the budget ended before the grid was complete");
  if (best !== null && Math.log(best.gain.ratio) >= WORTH_HAVING && (best.gain.interval?.low ?? 0) > 1)
    return { kind: "winner", ...best, freshBlocks: 0, bestOf: state.arms.length - 1, restarted: null };
  if (arms.every((arm) => seenOf(state, arm)?.small === true)) return { kind: "as-good", best };
  return inconclusive(`${count(state.rounds ?? 0, "round")} do not tell whether a setting is 3 % better: more would`);
});
