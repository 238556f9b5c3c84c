import { type Interval, ofLog } from "../../bench/stats/math/estimate.ts";
import { type Difference, alwaysValid, atOneLook } from "./bound.ts";
import { WORTH_HAVING } from "./confirm.ts";
import type { Contrasts } from "./contrasts.ts";
import { pooled } from "./pooled.ts";
import type { Arm, KnobEffect } from "./types.ts";

/** How often intervals of one knob's values may be wrong, and how often it may be said to have an effect that it has not. */
const MISS = 0.05;

/** Another value of one knob, all others being those of an arm. */
interface Change {
  readonly other: Arm;
  /** That arm minus this one, in logarithms; null: it was not measured. */
  readonly value: number | null;
  /** Null: not measured, or too few visits show how they vary. */
  readonly interval: Interval | null;
  /** Whether it is surely not zero, however often one looks. */
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

/**
 * Looks at each knob by itself: at the settings of the winner, or of the rule where there is none or no arm differs from the winner in
 * that knob alone. Only arms that differ in nothing else are compared, so nothing is assumed of how knobs go together.
 *
 * @param winner the arm's id
 */
export function knobLooks(arms: readonly Arm[], shown: Contrasts, winner: string | undefined): KnobLook[] {
  const rule = arms.find((arm) => arm.isRule) as Arm;
  const bases = [arms.find((arm) => arm.id === winner) ?? rule, rule];
  return knobsOf(arms).flatMap((knob) => {
    const [found] = bases.flatMap((base) => {
      const others = besideIn(knob, arms, base);
      return others.length === 0 ? [] : [{ base, others }];
    });
    if (found === undefined) return [];
    const changes = changesOf(knob, arms, found.base, found.others, shown);
    return [{ knob, base: found.base, changes, effect: effectOf(changes) }];
  });
}

const knobsOf = (arms: readonly Arm[]) => [...new Set(arms.flatMap((arm) => Object.keys(arm.settings)))];

/** The arms that differ from one in that knob alone. */
function besideIn(knob: string, arms: readonly Arm[], { settings: own }: Arm): Arm[] {
  const same = knobsOf(arms).filter((k) => k !== knob);
  return arms.filter(({ settings }) => settings[knob] !== own[knob] && same.every((k) => settings[k] === own[k]));
}

function changesOf(
  knob: string,
  arms: readonly Arm[],
  base: Arm,
  others: readonly Arm[],
  shown: Contrasts,
): Change[] {
  const differences = others.map((other) => shown.between(other.id, base.id));
  const miss = MISS / Math.max(1, differences.filter((d) => d !== null).length);
  return others.map((other, i) => {
    const difference = differences[i] as Difference | null;
    const always = difference && alwaysValid(difference, miss);
    const all = difference && pooled(shown, pairsLike(knob, arms, shown, other, base));
    const bound = difference && atOneLook(all ?? difference, miss);
    return {
      ...{ other, value: difference && difference.value, interval: difference && atOneLook(difference, miss) },
      sure: always !== null && (always.low > 0 || always.high < 0),
      small: bound !== null && -WORTH_HAVING < bound.low && bound.high < WORTH_HAVING,
    };
  });
}

/** All pairs of measured arms that differ as two arms do: in that knob alone, by the same values. */
function pairsLike(knob: string, arms: readonly Arm[], { measured }: Contrasts, other: Arm, base: Arm) {
  const known = arms.filter(({ id }) => measured.has(id));
  return known
    .filter(({ settings }) => settings[knob] === base.settings[knob])
    .flatMap((one) =>
      besideIn(knob, known, one)
        .filter(({ settings }) => settings[knob] === other.settings[knob])
        .map(({ id }) => [id, one.id] as const),
    );
}

const isLarge = ({ value }: Change) => Math.abs(value ?? 0) > WORTH_HAVING;

function effectOf(changes: readonly Change[]): KnobEffect["effect"] {
  if (changes.some((c) => c.sure && isLarge(c))) return "some";
  return changes.every((c) => c.small) ? "none" : "open";
}

/** What is told of a knob. */
export function toldOf({ knob, base, changes, effect }: KnobLook): KnobEffect {
  const size = ({ value, sure }: Change) => (value === null ? -1 : Math.abs(value) + (sure ? 1e6 : 0));
  const { other, value, interval } = changes.reduce((a, b) => (size(b) > size(a) ? b : a));
  const level = (arm: Arm) => arm.settings[knob] as string | number;
  const up = (value ?? 0) >= 0;
  const turned = up ? interval : interval && { low: -interval.high, high: -interval.low };
  return {
    ...{ knob, effect, at: base.id },
    ...(effect === "open" ? { why: whyOpen(changes) } : {}),
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

function whyOpen(changes: readonly Change[]): string {
  const missing = changes.filter((c) => c.value === null).length;
  if (missing === changes.length) return "no other value of it was measured with all else the same";
  if (changes.every((c) => c.interval === null)) return "too few visits to tell how they vary";
  if (missing > 0 && changes.every((c) => c.value === null || c.small))
    return `${missing} of its ${changes.length} other values ${missing === 1 ? "was" : "were"} not measured with all else the same`;
  return "too few visits to tell whether it makes 3 %";
}

/**
 * The arms whose visits decide whether open knobs matter: of each knob the value that may differ most, and all its values where none
 * seems to make 3 %; those at whose settings the knobs are looked at come first.
 *
 * @param can whether an arm can be measured
 * @param most how many arms
 */
export function unclear(looks: readonly KnobLook[], can: (arm: Arm) => boolean, most: number): Arm[] {
  const wanted = looks
    .filter((look) => look.effect === "open")
    .map(({ base, changes }) => {
      const others = changes.filter((c) => can(c.other) && !c.small).sort((a, b) => atMost(b) - atMost(a));
      return { base, others: changes.some(isLarge) ? others.slice(0, 1) : others };
    })
    .filter(({ others }) => others.length > 0);
  const arms = new Set(wanted.map(({ base }) => base));
  for (let i = 0; wanted.some(({ others }) => i < others.length); i++)
    for (const { other } of wanted.flatMap(({ others }) => others.slice(i, i + 1))) if (arms.size < most) arms.add(other);
  return [...arms];
}

/** The largest size that a change may have. */
const atMost = ({ interval }: Change) => (interval === null ? Number.MAX_VALUE : Math.max(-interval.low, interval.high));
