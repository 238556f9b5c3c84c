import { alwaysValid } from "./estimate/bound.ts";
import { type Contrasts, contrasts } from "./estimate/contrasts.ts";
import type { Interval } from "../../bench/stats/math/estimate.ts";
import type { Arm, PairedBlock, RaceState, Visit } from "./types.ts";

/** Why an arm is out, and since which block. */
export interface Out {
  readonly afterBlock: number;
  readonly why: string;
  readonly killed: boolean;
  /** It was killed, or too many of its calls fail: it is not called again. */
  readonly fails: boolean;
}

/** The chance that a race drops the best arm, over all looks at all arms. */
const MISS = 0.05;

/** An arm is out if more than this share of its calls fails, and more than twice the share with the rule. */
const FAILS = 0.01;

/** The rule of a race. */
export const ruleOf = (state: RaceState): Arm => state.arms.find((arm) => arm.isRule) as Arm;

/** The interval of a difference of two arms, at a level for all comparisons of a race together. */
export function bounded(c: Contrasts, a: string, b: string, arms: number): Interval | null {
  const difference = c.between(a, b);
  return difference && alwaysValid(difference, (2 * MISS) / Math.max(2, arms - 1));
}

/**
 * The arms that are out. Later blocks do not bring an arm back.
 *
 * @param fickle arms that are good only at times. No arm is dropped because it is worse than one of these
 */
export function outs(state: RaceState, fickle: ReadonlySet<string>): Map<string, Out> {
  const rule = ruleOf(state).id;
  const out = new Map<string, Out>();
  const seen = new Map<string, Visit[]>();
  const visitsOf = (arm: string) => seen.get(arm) ?? [];
  state.blocks.forEach((block, i) => {
    for (const visit of block.visits) seen.set(visit.arm, [...visitsOf(visit.arm), visit]);
    const add = (arm: string, why: string, how: { killed?: true; fails?: true }) =>
      out.set(arm, { afterBlock: i + 1, why, killed: false, fails: false, ...how });
    for (const { arm, killed } of block.visits)
      if (killed !== undefined && arm !== rule) add(arm, killed, { killed: true, fails: true });
    for (const { arm } of block.visits) {
      const why = arm === rule || out.has(arm) ? null : failing(visitsOf(arm), visitsOf(rule));
      if (why !== null) add(arm, why, { fails: true });
    }
    if (block.purpose === "race")
      for (const [arm, why] of slower(state, state.blocks.slice(0, i + 1), rule, new Set([...out.keys(), ...fickle])))
        add(arm, why, {});
  });
  return out;
}

/** Why the calls of an arm fail too often; null if they do not. */
function failing(own: readonly Visit[], rules: readonly Visit[]): string | null {
  if (own.filter((v) => v.score === null).length >= 2) return "too few of its calls were answered";
  const share = ([failures, calls]: readonly [number, number]) => failures / Math.max(1, calls);
  const failed = failuresOf(own);
  if (failed[0] < 2 || share(failed) <= Math.max(FAILS, 2 * share(failuresOf(rules)))) return null;
  return `${failed[0]} of ${failed[1]} calls failed`;
}

function failuresOf(visits: readonly Visit[]): [failures: number, calls: number] {
  return [visits.reduce((sum, v) => sum + v.failures, 0), visits.reduce((sum, v) => sum + v.calls, 0)];
}

/** Arms that are surely worse than the best arm left, each with a text that says so. */
function slower(
  { arms }: RaceState,
  blocks: readonly PairedBlock[],
  rule: string,
  out: ReadonlySet<string>,
): [arm: string, why: string][] {
  const c = contrasts(blocks, rule);
  const left = [...c.measured].filter((arm) => !out.has(arm));
  const over = (arm: string) => c.between(arm, rule)?.value ?? -Infinity;
  const best = left.reduce((a, b) => (over(b) > over(a) ? b : a), rule);
  return left.flatMap((arm): [string, string][] => {
    const bound = arm === rule || arm === best ? null : bounded(c, arm, best, arms.length);
    if (bound === null || bound.high >= 0) return [];
    const [low, high] = [bound.low, bound.high].map((log) => Math.exp(log).toFixed(2));
    return [[arm, `surely worse than ${best === rule ? "the rule" : best}: ${low} to ${high} times as good`]];
  });
}
