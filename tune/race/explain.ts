import { WORTH_HAVING } from "./confirm.ts";
import { type Change, type KnobLook, isLarge, largest } from "./knobs.ts";
import type { Arm } from "./types.ts";

/* What is measured to see which knobs matter. */

/**
 * The arms whose visits decide whether open knobs matter: of each knob the value that may differ most, and all its values where none
 * seems to make 3 %; those at whose settings the knobs are looked at come first. Knobs near 3 % take the most visits: they wait for
 * the others.
 *
 * @param can whether an arm can be measured
 * @param most how many arms
 */
export function unclear(looks: readonly KnobLook[], can: (arm: Arm) => boolean, most: number): Arm[] {
  const open = looks
    .filter((look) => look.effect === "open")
    .map(({ base, changes }) => {
      const others = changes.filter((c) => can(c.other) && !c.small).sort((a, b) => atMost(b) - atMost(a));
      const large = others.filter(isLarge);
      return { base, others: large.length > 0 ? [largest(large)] : others };
    })
    .filter(({ others }) => others.length > 0);
  const clear = open.map(({ others }) => Math.min(...others.map(clarity)));
  const wanted = open.filter((_, i) => 2 * (clear[i] as number) >= Math.max(...clear));
  const arms = new Set(wanted.map(({ base }) => base));
  for (let i = 0; wanted.some(({ others }) => i < others.length); i++)
    for (const { other } of wanted.flatMap(({ others }) => others.slice(i, i + 1)))
      if (arms.size < most) arms.add(other);
  return [...arms];
}

/** How far a change may well be from 3 %; 3 % where that is not known, or more. */
const clarity = ({ value, interval: i }: Change) =>
  i === null
    ? WORTH_HAVING
    : Math.min(WORTH_HAVING, Math.abs(Math.abs(value ?? 0) - WORTH_HAVING) + (i.high - i.low) / 4);

/** The largest size that a change may have. */
const atMost = ({ interval }: Change) =>
  interval === null ? Number.MAX_VALUE : Math.max(-interval.low, interval.high);
