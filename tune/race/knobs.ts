import { type Interval, ofLog } from "../../bench/stats/math/estimate.ts";
import { normalQuantile } from "../../bench/stats/math/special.ts";
import { WORTH_HAVING } from "./confirm.ts";
import type { Surface } from "./surface.ts";
import type { Arm, KnobEffect } from "./types.ts";

type Level = string | number;

/** How often what is said of one knob may be wrong. */
const MISS = 0.05;

/** The difference that one change of a knob makes, in logarithms. */
interface Change {
  readonly from: Level;
  readonly to: Level;
  readonly value: number;
  readonly interval: Interval;
}

/**
 * What each knob does by itself, on average over the arms near those that were measured: from the surface, which uses all visits,
 * because two arms that differ in one knob alone are seldom measured often.
 */
export function knobEffects(arms: readonly Arm[], measured: ReadonlySet<string>, thought: Surface): KnobEffect[] {
  const knobs = [...new Set(arms.flatMap((arm) => Object.keys(arm.settings)))];
  return knobs.flatMap((knob) => {
    const levels = [...new Set(arms.flatMap((arm) => arm.settings[knob] ?? []))];
    if (levels.length < 2) return [];
    return [effectOf(knob, changesOf(knob, levels, arms, measured, thought))];
  });
}

function effectOf(knob: string, changes: readonly Change[]): KnobEffect {
  const [most] = changes.toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value));
  if (most === undefined) return { knob, effect: "open", most: null };
  const none = changes.every(({ interval: i }) => -WORTH_HAVING < i.low && i.high < WORTH_HAVING);
  const some = changes.some(({ interval: i }) => i.low > 0 || i.high < 0);
  const [better, worse] = most.value >= 0 ? [most.to, most.from] : [most.from, most.to];
  const { low, high } = most.value >= 0 ? most.interval : { low: -most.interval.high, high: -most.interval.low };
  const interval = { low: ofLog(low), high: ofLog(high) };
  return {
    ...{ knob, effect: none ? "none" : some ? "some" : "open" },
    most: { ratio: ofLog(Math.abs(most.value)), interval, better, worse },
  };
}

/** Each change of a knob, averaged over pairs of arms that differ in it alone and of which one was measured. */
function changesOf(
  knob: string,
  levels: readonly Level[],
  arms: readonly Arm[],
  measured: ReadonlySet<string>,
  { mean, covariance }: Surface,
): Change[] {
  const byOthers = new Map<string, Map<Level, number>>();
  for (const [i, arm] of arms.entries()) {
    const level = arm.settings[knob];
    if (level === undefined) continue;
    const key = othersOf(arm, knob);
    byOthers.set(key, (byOthers.get(key) ?? new Map<Level, number>()).set(level, i));
  }
  const tried = arms.map((arm) => measured.has(arm.id));
  const pairsOf = (from: Level, to: Level) =>
    [...byOthers.values()].flatMap((of) => {
      const [a, b] = [of.get(from), of.get(to)];
      return a === undefined || b === undefined || !(tried[a] || tried[b]) ? [] : [[a, b] as const];
    });
  const all = levels.flatMap((from, i) => levels.slice(i + 1).map((to) => ({ from, to, pairs: pairsOf(from, to) })));
  const known = all.filter(({ pairs }) => pairs.length > 0);
  const z = normalQuantile(1 - MISS / 2 / Math.max(1, known.length));
  const at = (i: number, j: number) => covariance[i * mean.length + j] as number;
  return known.map(({ from, to, pairs }) => {
    let [value, variance] = [0, 0];
    for (const [a, b] of pairs) {
      value += ((mean[b] as number) - (mean[a] as number)) / pairs.length;
      for (const [c, d] of pairs) variance += (at(b, d) - at(b, c) - at(a, d) + at(a, c)) / pairs.length ** 2;
    }
    const half = z * Math.sqrt(Math.max(0, variance));
    return { from, to, value, interval: { low: value - half, high: value + half } };
  });
}

/** The settings of an arm without one knob, as a text. */
function othersOf(arm: Arm, knob: string): string {
  const others = Object.entries(arm.settings).filter(([name]) => name !== knob);
  return JSON.stringify(others.sort(([a], [b]) => (a < b ? -1 : 1)));
}
