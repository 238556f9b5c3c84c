import { type Interval, ofLog } from "../../bench/stats/math/estimate.ts";
import { normalQuantile } from "../../bench/stats/math/special.ts";
import { WORTH_HAVING } from "./confirm.ts";
import type { Surface } from "./surface.ts";
import type { Arm, KnobEffect } from "./types.ts";

/** How often a knob's interval may be wrong, and how often one may be said to have an effect that has none: it is looked at often. */
const MISS = { interval: 0.05, effect: 0.01 };

/** Another value of one knob, all others being those of an arm. */
interface Change {
  readonly other: number;
  /** That arm over this one, in logarithms. */
  readonly value: number;
  readonly interval: Interval;
  /** Whether it is surely not zero. */
  readonly sure: boolean;
}

/**
 * What each knob does by itself, at the settings of one arm. It comes from the surface, which uses the visits of all arms: two that
 * differ in one knob alone are seldom measured often.
 *
 * @param base the arm's index
 */
export function knobEffects(arms: readonly Arm[], thought: Surface, base: number): KnobEffect[] {
  return knobsOf(arms).flatMap((knob) => {
    const changes = changesOf(knob, arms, thought, base);
    const [most] = changes.toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value));
    if (most === undefined) return [];
    const none = changes.every(({ interval: i }) => -WORTH_HAVING < i.low && i.high < WORTH_HAVING);
    const some = changes.some(({ value, sure }) => sure && Math.abs(value) > WORTH_HAVING);
    const level = (i: number) => (arms[i] as Arm).settings[knob] as string | number;
    const up = most.value >= 0;
    const { low, high } = up ? most.interval : { low: -most.interval.high, high: -most.interval.low };
    return [
      {
        ...{ knob, effect: none ? "none" : some ? "some" : "open" },
        most: {
          ...{ ratio: ofLog(Math.abs(most.value)), interval: { low: ofLog(low), high: ofLog(high) } },
          ...{ better: level(up ? most.other : base), worse: level(up ? base : most.other) },
        },
      },
    ];
  });
}

/** Arms that differ from one in a single knob of those asked for. */
export function beside(arms: readonly Arm[], base: number, knobs: readonly string[]): number[] {
  return knobs.flatMap((knob) => othersIn(knob, arms, base));
}

const knobsOf = (arms: readonly Arm[]) => [...new Set(arms.flatMap((arm) => Object.keys(arm.settings)))];

function othersIn(knob: string, arms: readonly Arm[], base: number): number[] {
  const own = (arms[base] as Arm).settings;
  const same = knobsOf(arms).filter((k) => k !== knob);
  return arms.flatMap(({ settings }, i) =>
    settings[knob] !== own[knob] && same.every((k) => settings[k] === own[k]) ? [i] : [],
  );
}

function changesOf(knob: string, arms: readonly Arm[], { mean, covariance }: Surface, base: number): Change[] {
  const others = othersIn(knob, arms, base);
  const z = (miss: number) => normalQuantile(1 - miss / 2 / Math.max(1, others.length));
  const [half, far] = [z(MISS.interval), z(MISS.effect)];
  const at = (i: number, j: number) => covariance[i * mean.length + j] as number;
  return others.map((other) => {
    const value = (mean[other] as number) - (mean[base] as number);
    const se = Math.sqrt(Math.max(0, at(other, other) - 2 * at(other, base) + at(base, base)));
    const interval = { low: value - half * se, high: value + half * se };
    return { other, value, interval, sure: Math.abs(value) > far * se };
  });
}
