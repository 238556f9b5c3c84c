import { ofLog } from "../../bench/stats/math/estimate.ts";
import { alwaysValid } from "./bound.ts";
import { WORTH_HAVING } from "./confirm.ts";
import type { Contrasts } from "./contrasts.ts";
import type { Arm, KnobEffect } from "./types.ts";

type Level = string | number;

/** How often a knob may be said to have no effect, or one, and that is wrong. */
const MISS = 0.05;

/** What each knob does: arms that differ in it alone are compared, and equal changes are averaged. */
export function knobEffects(arms: readonly Arm[], c: Contrasts): KnobEffect[] {
  const knobs = [...new Set(arms.flatMap((arm) => Object.keys(arm.settings)))];
  const measured = arms.filter((arm) => c.measured.has(arm.id));
  return knobs.flatMap((knob) => {
    const levels = new Set(arms.map((arm) => arm.settings[knob]));
    return levels.size < 2 ? [] : [effectOf(knob, measured, c)];
  });
}

function effectOf(knob: string, arms: readonly Arm[], c: Contrasts): KnobEffect {
  const changes = changesOf(knob, arms);
  const judged = changes.flatMap(({ from, to, pairs }) => {
    const weights = new Map<string, number>();
    const add = (arm: string, weight: number) => weights.set(arm, (weights.get(arm) ?? 0) + weight / pairs.length);
    for (const [a, b] of pairs) {
      add(b, 1);
      add(a, -1);
    }
    const difference = c.of(weights);
    if (difference === null) return [];
    return [{ from, to, value: difference.value, interval: alwaysValid(difference, MISS / changes.length) }];
  });
  const [most] = judged.toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value));
  if (most === undefined) return { knob, effect: "open", most: null };
  const none = judged.every(({ interval: i }) => i !== null && -WORTH_HAVING < i.low && i.high < WORTH_HAVING);
  const some = judged.some(({ interval: i }) => i !== null && (i.low > 0 || i.high < 0));
  const up = most.value >= 0;
  const ends = most.interval && (up ? most.interval : { low: -most.interval.high, high: -most.interval.low });
  return {
    ...{ knob, effect: none ? "none" : some ? "some" : "open" },
    most: {
      ...{ ratio: ofLog(Math.abs(most.value)), interval: ends && { low: ofLog(ends.low), high: ofLog(ends.high) } },
      ...(up ? { better: most.to, worse: most.from } : { better: most.from, worse: most.to }),
    },
  };
}

/** Pairs of arms that differ in one knob alone, by the change of that knob. */
function changesOf(knob: string, arms: readonly Arm[]) {
  const changes = new Map<string, { from: Level; to: Level; pairs: [string, string][] }>();
  const others = (arm: Arm) =>
    JSON.stringify(
      Object.entries(arm.settings)
        .filter(([name]) => name !== knob)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  const levels = [...new Set(arms.map((arm) => arm.settings[knob]))];
  const byOthers = Map.groupBy(arms, others);
  for (const alike of byOthers.values())
    for (const a of alike)
      for (const b of alike) {
        const [from, to] = [a.settings[knob], b.settings[knob]];
        if (from === undefined || to === undefined || levels.indexOf(from) >= levels.indexOf(to)) continue;
        const key = JSON.stringify([from, to]);
        if (!changes.has(key)) changes.set(key, { from, to, pairs: [] });
        changes.get(key)?.pairs.push([a.id, b.id]);
      }
  return [...changes.values()];
}
