import { estimateOf, linear, ofLog, ratioOf } from "../../bench/stats/math/estimate.ts";
import { alwaysValid } from "./estimate/bound.ts";
import { mean, variance } from "../../bench/stats/math/quantile.ts";
import type { Confirmation } from "./confirm.ts";
import { restartBlocks, settle, settled, winnerOf } from "./decide.ts";
import { type Facts, factsOf } from "./facts.ts";
import { gainOf, gainsOf } from "./gains.ts";
import { gridFound, gridGain } from "./grid.ts";
import { knobLooks, toldOf } from "./knobs.ts";
import { bounded, ruleOf } from "./standing.ts";
import { secondsUsed, visitsSoFar } from "./steps.ts";
import type { Arm, ArmStatus, Found, Gain, KnobEffect, Outcome, RaceState, UnderBound, Visit } from "./types.ts";

/** The state of every arm, in the order of `state.arms`. */
export function statuses(state: RaceState): ArmStatus[] {
  const facts = factsOf(state);
  const winner = winnerOf(state);
  return state.arms.map((arm) => statusOf(arm, state, facts, winner));
}

function statusOf(arm: Arm, state: RaceState, facts: Facts, winner: string | undefined): ArmStatus {
  const visits = visitsOf(state, arm.id);
  const out = facts.out.get(arm.id) ?? refused(arm.id, state, facts.confirmations);
  const medians = visits.flatMap((v) => (v.medianMs === null ? [] : [Math.log(v.medianMs)]));
  return {
    arm,
    state:
      arm.id === winner
        ? "winner"
        : out !== undefined
          ? out.killed
            ? "killed"
            : "dropped"
          : visits.length > 0
            ? "left"
            : "untried",
    gain: raceGain(arm, state, facts),
    blocks: visits.length,
    medianMs: medians.length === 0 ? null : ofLog(mean(medians)),
    answeredPerSecond: visits.length === 0 ? null : mean(visits.map((v) => v.answeredPerSecond)),
    ...(out === undefined ? {} : { out: { afterBlock: out.afterBlock, why: out.why } }),
  };
}

/** Why a confirmation refused an arm; undefined: none did. */
function refused(arm: string, state: RaceState, held: readonly Confirmation[]) {
  const own = held.find((c) => c.candidate === arm && ["as-good", "at-times"].includes(c.verdict));
  if (own === undefined) return undefined;
  const afterBlock = state.blocks.findLastIndex((b) => b.purpose === "confirm" && b.order.includes(arm)) + 1;
  const why =
    own.verdict === "at-times" ? "better than the rule only at times" : "not 3 % better than the rule in fresh blocks";
  return { afterBlock, why, killed: false };
}

function raceGain(arm: Arm, state: RaceState, { contrasts: c, rule }: Facts): Gain | null {
  if (state.rounds !== undefined) return gridGain(state, arm.id);
  const difference = arm.isRule ? null : c.between(arm.id, rule);
  return difference && gainOf(difference.value, bounded(c, arm.id, rule, state.arms.length));
}

const visitsOf = (state: RaceState, arm: string): Visit[] => visitsSoFar(state).filter((v) => v.arm === arm);

/** The race's answer so far. It is final when `next` is `done`. */
export function outcome(state: RaceState): Outcome {
  const facts = factsOf(state);
  const found = state.rounds === undefined ? raceFound(settled(state)) : gridFound(state);
  const bound = (arm: string) => underBound(state, visitsOf(state, arm));
  const winner = found.kind === "winner" ? { winner: bound(found.arm) } : {};
  return {
    knobs: knobEffects(state),
    secondsUsed: secondsUsed(state),
    ...(state.objective.kind === "percentile" ? { underBound: { rule: bound(facts.rule), ...winner } } : {}),
    ...found,
  };
}

/** What each knob does, by all that was measured so far. In a grid it is looked at beside the rule: the winner was lucky in all blocks. */
export function knobEffects(state: RaceState): KnobEffect[] {
  return knobLooks(state, state.rounds === undefined ? winnerOf(state) : undefined).map(toldOf);
}

function raceFound(state: RaceState): Found {
  const facts = factsOf(state);
  const decision = settle(state);
  const last = facts.confirmations.at(-1);
  if (last?.verdict === "better")
    return {
      ...{ kind: "winner", arm: last.candidate, gain: gainOf(last.gain, last.interval), freshBlocks: last.blocks },
      restarted: restarted(state, last.candidate),
    };
  const best = nearest(state, facts);
  const inconclusive = (why: string): Found => ({ kind: "inconclusive", why, best });
  if (decision.do === "measure") return inconclusive("the race goes on");
  if (decision.end === "rule-fails") return inconclusive("the server fails with the rule's own settings");
  if (decision.end === "budget") return inconclusive("the budget ended before the best arm was confirmed or refused");
  return { kind: "as-good", best };
}

/** What an arm gains over the rule after its server was started anew, over what it gained in its confirmation; null: not measured. */
function restarted(state: RaceState, arm: string): Gain | null {
  const { id: rule } = ruleOf(state);
  const confirming = state.blocks.filter((b) => b.purpose === "confirm");
  const [before, after] = [confirming, restartBlocks(state, arm)].map((blocks) => gainsOf(arm, blocks, rule));
  if (!before?.length || !after?.length) return null;
  return ratioOf(
    linear([
      [1, estimateOf(after)],
      [-1, estimateOf(before)],
    ]),
  );
}

/** The arm that came nearest to beating the rule: the last that was confirmed, or else the best of the race. */
function nearest(state: RaceState, facts: Facts) {
  const asGood = facts.confirmations.findLast((c) => c.verdict === "as-good" || c.verdict === "open");
  if (asGood !== undefined) return { arm: asGood.candidate, gain: gainOf(asGood.gain, asGood.interval) };
  const gains = state.arms.flatMap((arm) => {
    const gain = raceGain(arm, state, facts);
    return gain === null || facts.out.get(arm.id)?.killed === true ? [] : [{ arm: arm.id, gain }];
  });
  return gains.length === 0 ? null : gains.reduce((a, b) => (b.gain.ratio > a.gain.ratio ? b : a));
}

/** Whether an arm's percentile is under the bound, by an interval over its visits that holds at all looks together. */
function underBound({ objective }: RaceState, visits: readonly Visit[]): UnderBound {
  if (objective.kind !== "percentile") return "open";
  const logs = visits.flatMap((v) => (v.score === null ? [] : [-v.score]));
  const df = logs.length - 1;
  const interval = alwaysValid({ value: mean(logs), noise: variance(logs) / 2, df, pairs: logs.length }, 0.05);
  if (interval === null) return "open";
  const bound = Math.log(objective.boundMs);
  return interval.high < bound ? "holds" : interval.low >= bound ? "breaks" : "open";
}
