import { type Interval, ofLog } from "../../bench/stats/math/estimate.ts";
import { type Difference, alwaysValid, atOneLook } from "./estimate/bound.ts";
import { WORTH_HAVING } from "./confirm.ts";
import { contrasts } from "./estimate/contrasts.ts";
import { LEAST_PAIRS, gainsOf, noisier, paired } from "./gains.ts";
import { pooled } from "./estimate/pooled.ts";
import type { Arm, KnobEffect, RaceState } from "./types.ts";

/** How often intervals of one knob's values may be wrong, and how often it may be said to have an effect that it has not. */
const MISS = { interval: 0.05, effect: 0.01 };

/** Another value of one knob, all others being those of an arm. */
export interface Change {
  readonly other: Arm;
  /** That arm minus this one, in logarithms; null: the blocks do not tell it. */
  readonly value: number | null;
  /** Null: too few blocks have both arms. */
  readonly interval: Interval | null;
  /** Whether it is surely not zero, however often a race looks. */
  readonly sure: boolean;
  /** Whether it is surely below 3 %, by all pairs of arms that differ in these two values alone, where these agree. */
  readonly small: boolean;
}

/** One knob, at the settings of one arm. */
export interface KnobLook {
  readonly knob: string;
  readonly base: Arm;
  readonly changes: readonly Change[];
  readonly effect: KnobEffect["effect"];
}

/** The arms and blocks of a race. */
type Raced = Pick<RaceState, "arms" | "blocks" | "rounds">;

/**
 * Looks at each knob by itself: at the settings of the winner, or of the rule where there is none or no arm differs from the winner in
 * that knob alone. Only arms that differ in nothing else are compared, so nothing is assumed of how knobs go together.
 *
 * @param winner the arm's id
 */
export function knobLooks(raced: Raced, winner: string | undefined): KnobLook[] {
  const { arms } = raced;
  const rule = arms.find((arm) => arm.isRule) as Arm;
  const bases = [arms.find((arm) => arm.id === winner) ?? rule, rule];
  return knobsOf(arms).flatMap((knob) => {
    const base = bases.find((arm) => besideIn(knob, arms, arm).length > 0);
    if (base === undefined) return [];
    const changes = changesOf(knob, raced, base, base !== rule);
    return [{ knob, base, changes, effect: effectOf(changes) }];
  });
}

const knobsOf = (arms: readonly Arm[]) => [...new Set(arms.flatMap((arm) => Object.keys(arm.settings)))];

/** The arms that differ from one in that knob alone. */
function besideIn(knob: string, arms: readonly Arm[], { settings: own }: Arm): Arm[] {
  const same = knobsOf(arms).filter((k) => k !== knob);
  return arms.filter(({ settings }) => settings[knob] !== own[knob] && same.every((k) => settings[k] === own[k]));
}

/** @param isWinner the arm was chosen because it was the best of the race: only what came after the race is fair to the others */
function changesOf(knob: string, { arms, blocks, rounds }: Raced, base: Arm, isWinner: boolean): Change[] {
  const rule = arms.find((arm) => arm.isRule)?.id as string;
  // A race looks after every block, a grid once.
  const bound = rounds === undefined ? alwaysValid : atOneLook;
  const shown = contrasts(blocks, rule);
  const fair = isWinner ? blocks.filter((b) => b.purpose !== "race") : blocks;
  const fairly = contrasts(fair, rule);
  const known = arms.filter(({ id }) => shown.measured.has(id));
  const others = besideIn(knob, arms, base);
  const own = others.map((other) => paired(gainsOf(other.id, fair, base.id)));
  const share = (all: readonly (Difference | null)[]) => 1 / Math.max(1, all.filter((d) => d !== null).length);
  const all = others.map((other) => shown.between(other.id, base.id));
  return others.map((other, i) => {
    const [pair, difference] = [own[i] as Difference | null, all[i] as Difference | null];
    const interval = pair && atOneLook(pair, MISS.interval * share(own));
    const isOneSided = interval !== null && (interval.low > 0 || interval.high < 0);
    const like = pooled(shown, pairsLike(knob, known, other, base)) ?? difference;
    const both = paired(gainsOf(other.id, blocks, base.id));
    return {
      ...{ other, value: (pair ?? difference)?.value ?? null, interval },
      sure:
        (isOneSided && isBeyond(bound, fairly.between(other.id, base.id), 0, MISS.effect * share(all))) ||
        isBeyond(bound, difference, WORTH_HAVING, MISS.effect * share(all)),
      small: like !== null && both !== null && isSmall(atOneLook(noisier(like, both), MISS.interval * share(all))),
    };
  });
}

const isSmall = (bound: Interval | null) => bound !== null && -WORTH_HAVING < bound.low && bound.high < WORTH_HAVING;

/** Whether a difference is surely larger than so much, either way. */
function isBeyond(bound: typeof alwaysValid, difference: Difference | null, least: number, miss: number): boolean {
  const interval = difference && bound(difference, miss);
  return interval !== null && (interval.low > least || interval.high < -least);
}

/** All pairs of arms that differ as two arms do: in that knob alone, by the same values. */
function pairsLike(knob: string, arms: readonly Arm[], other: Arm, base: Arm) {
  return arms
    .filter(({ settings }) => settings[knob] === base.settings[knob])
    .flatMap((one) =>
      besideIn(knob, arms, one)
        .filter(({ settings }) => settings[knob] === other.settings[knob])
        .map(({ id }) => [id, one.id] as const),
    );
}

/** Whether a value seems to make 3 %. */
export const isLarge = ({ value }: Change) => Math.abs(value ?? 0) > WORTH_HAVING;

function effectOf(changes: readonly Change[]): KnobEffect["effect"] {
  if (changes.some((c) => c.sure && isLarge(c))) return "some";
  return changes.every((c) => c.small) ? "none" : "open";
}

/** The change that is told of a knob: one that is sure, or else one that has an interval; of several the largest. */
export function largest(changes: readonly Change[]): Change {
  const rank = ({ value, sure, interval }: Change) =>
    value === null ? -1 : Math.abs(value) + (sure ? 2e6 : interval === null ? 0 : 1e6);
  return changes.reduce((a, b) => (rank(b) > rank(a) ? b : a));
}

/** What is told of a knob. */
export function toldOf({ knob, base, changes, effect }: KnobLook): KnobEffect {
  const { other, value, interval } = largest(changes);
  const level = (arm: Arm) => arm.settings[knob] as string | number;
  const up = (value ?? 0) >= 0;
  const turned = up ? interval : interval && { low: -interval.high, high: -interval.low };
  const few = `fewer than ${LEAST_PAIRS} blocks ${base.isRule ? "" : "after the race "}have both settings`;
  const why = effect === "open" ? whyOpen(changes, few) : interval === null ? few : null;
  return {
    ...{ knob, effect, at: base.id },
    ...(why === null ? {} : { why }),
    most:
      value === null
        ? null
        : {
            ratio: ofLog(Math.abs(value)),
            interval: turned && { low: ofLog(turned.low), high: ofLog(turned.high) },
            ...{ better: level(up ? other : base), worse: level(up ? base : other) },
          },
  };
}

function whyOpen(changes: readonly Change[], few: string): string {
  const unknown = changes.filter((c) => c.interval === null).length;
  if (unknown === changes.length) return few;
  if (unknown > 0 && changes.every((c) => c.interval === null || c.small))
    return `${few}, for ${unknown} of its values`;
  return "too few blocks to tell whether it makes 3 %";
}
