import { knobEffects } from "../../tune/race/outcome.ts";
import type { KnobEffect, Outcome, RaceState } from "../../tune/race/types.ts";
import type { World } from "../../tune/testing/worlds.ts";
import { COVERAGE, type Count, type Promised, yes } from "../truth/score.ts";

/** A race that is over. */
export interface Played {
  readonly world: World;
  readonly state: RaceState;
  readonly found: Outcome;
}

/** Something that a race is to be right about. */
export interface Goal {
  readonly name: string;
  /** The share of what races say about it that must be right. */
  readonly promised: Promised;
  /** How much this race says about it, and how much of that is right. */
  right(race: Played): Count;
}

/** A race says nothing about a goal. */
export const NOTHING: Count = { right: 0, of: 0 };

const idle = (effect: "none" | "some", promised: Promised): Goal => ({
  name: effect === "none" ? "batching has no effect, it says" : "batching has an effect, it says, wrongly",
  promised,
  right: ({ found }) => yes(found.knobs.find((k) => k.knob === "batching")?.effect === effect),
});

/** How much better one value of a knob truly is than what the arm has at whose settings it was looked at, in logarithms. */
function knobTruth(world: World, { knob, at }: KnobEffect): (level: string | number) => number {
  const base = world.arms.find((arm) => arm.id === at) as World["arms"][number];
  const is = (settings: object) => JSON.stringify(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
  return (level) => {
    const wanted = is({ ...base.settings, [knob]: level });
    const arm = world.arms.find(({ settings }) => is(settings) === wanted);
    return arm === undefined ? NaN : (world.truth.get(arm.id) as number) - (world.truth.get(at) as number);
  };
}

/** Whether intervals of knobs' effects hold the truth, after so many blocks; Infinity: when the race is over. */
const knobsHold = (blocks: number): Goal => ({
  name: `intervals of knobs hold ${blocks === Infinity ? "at the end" : `after ${blocks} blocks`}`,
  promised: COVERAGE,
  right({ world, state }) {
    if (state.blocks.length < blocks && blocks < Infinity) return NOTHING;
    const told = knobEffects({ ...state, open: null, blocks: state.blocks.slice(0, blocks) });
    const held = told.flatMap((k) => {
      if (k.most?.interval == null) return [];
      const truth = knobTruth(world, k);
      const ratio = Math.exp(truth(k.most.better) - truth(k.most.worse));
      return [k.most.interval.low <= ratio && ratio <= k.most.interval.high];
    });
    return { right: held.filter(Boolean).length, of: held.length };
  },
});

const THREE_PER_CENT = Math.log(1.03);

/** Knobs that make 3 % or more, and are said to have no effect. */
const missed: Goal = {
  name: "a knob that makes 3 % has no effect, it says, wrongly",
  promised: [0, 0.05],
  right({ world, found }) {
    const with3 = found.knobs.filter((k) => {
      const levels = [...new Set(world.arms.map(({ settings }) => settings[k.knob] as string | number))];
      return levels.some((level) => Math.abs(knobTruth(world, k)(level)) >= THREE_PER_CENT);
    });
    return { right: with3.filter((k) => k.effect === "none").length, of: with3.length };
  },
};

/** What is promised of knobs. */
export const KNOBS: readonly Goal[] = [...[3, 5, 10, 20, Infinity].map(knobsHold), missed];
/** What is promised of the knob that does nothing. */
export const BATCHING: readonly Goal[] = [idle("none", [0.95, 1]), idle("some", [0, 0.05])];
