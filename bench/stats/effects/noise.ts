import { type Sample, stretches } from "./blocks.ts";
import type { Component, Noise } from "./components.ts";
import { byCell, byGroup, residualsOf } from "./own-noise.ts";
import { layersOf, stepsOf, type Step } from "./layers.ts";
import { lastingVariance, persistenceOf } from "./persistence.ts";

/**
 * The noise of a run: a visit's own, and what the visits of a round have in common, because rounds last minutes and what slows a
 * machine (a client machine, a connection) down for a while slows all of its visits then. By least squares on the cells that
 * were measured twice: a level for each cell, then one for each round, each round of a machine, of a placement, of a client kind
 * and model there. What each step adds is what is common there (Henderson's method 3), what is left is the visits' own.
 *
 * A group of which too few cells were measured twice is taken to be as noisy as the noisiest one that is known, or as its few
 * cells say, whichever is more.
 *
 * @param swept rounds are swept out of what is estimated: what all machines of a round have in common does not count
 */
export function noiseOf(samples: readonly Sample[], { swept }: { readonly swept: boolean }): Noise {
  const rounds = stretches(samples.map((s) => s.round));
  const stretchOf = (round: number) => rounds.get(round) ?? round;
  const steps = stepsOf(samples, rounds, swept);
  const last = steps.at(-1) as Step;
  const base = swept ? (steps[0] as Step) : undefined;
  const free = last.free + last.rank - (base?.rank ?? 0);
  if (free <= 0)
    return {
      own: undefined,
      layers: [],
      knowsRounds: false,
      ...{ rounds: rounds.size, persistence: 0 },
      of: () => UNKNOWN,
      ofCell: () => undefined,
      stretchOf,
    };
  // So few visits that what rounds share cannot be separated from noise: all of it is taken for the visits' own.
  const merged = last.free <= 0;
  const pooled = merged
    ? { variance: (last.sums.squares - (base?.explained ?? 0)) / free, df: free }
    : { variance: last.squares / last.free, df: last.free };
  const residuals = residualsOf(last, merged ? base : last);
  const persistence = persistenceOf(residuals.map((r) => r.byStretch));
  const own = lasting(pooled, rounds.size, persistence);
  const whole = { own, rounds: rounds.size, persistence, stretchOf, ofCell: byCell(residuals, pooled.df, persistence) };
  if (merged) return { ...whole, layers: [], knowsRounds: true, of: () => ({ ...own, name: "" }) };
  const { layers, knowsRounds } = layersOf(steps, samples, { rounds, own: pooled, swept });
  return { ...whole, layers, knowsRounds, of: byGroup(residuals, pooled, (c) => lasting(c, rounds.size, persistence)) };
}

const UNKNOWN = { variance: NaN, df: 0, name: "" };

const lasting = (c: Component, rounds: number, persistence: number): Component => {
  const { factor, df } = lastingVariance(rounds, persistence);
  return { variance: c.variance * factor, df: Math.max(1, c.df * df) };
};
