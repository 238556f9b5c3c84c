import type { Random } from "../../math/random.ts";

/** How long a server works at a call: a distribution whose moments are known. Milliseconds. */
export interface Service {
  readonly meanMs: number;
  /** Mean of the square. */
  readonly squareMs2: number;
  draw(stream: Random): number;
}

/** M: exponential. */
export const exponential = (meanMs: number): Service => ({
  ...{ meanMs, squareMs2: 2 * meanMs ** 2 },
  draw: (stream) => -meanMs * Math.log(1 - stream.uniform()),
});

/** D: always the same. */
export const fixed = (meanMs: number): Service => ({ meanMs, squareMs2: meanMs ** 2, draw: () => meanMs });

/** G: lognormal, with the coefficient of variation `cv`. */
export function lognormal(meanMs: number, cv: number): Service {
  const variance = Math.log(1 + cv ** 2);
  const [centre, sd] = [Math.log(meanMs) - variance / 2, Math.sqrt(variance)];
  return {
    ...{ meanMs, squareMs2: meanMs ** 2 * (1 + cv ** 2) },
    draw: (stream) => Math.exp(centre + sd * stream.normal()),
  };
}

/** Two modes: a share of the calls is slow. Each mode is as wide as a tenth of itself (uniform). */
export function twoModes(fastMs: number, slowMs: number, slowShare: number): Service {
  const width = 0.1;
  const over = (of: (ms: number) => number) => (1 - slowShare) * of(fastMs) + slowShare * of(slowMs);
  return {
    ...{ meanMs: over((ms) => ms), squareMs2: over((ms) => ms ** 2 * (1 + width ** 2 / 12)) },
    draw: (stream) => (stream.uniform() < slowShare ? slowMs : fastMs) * (1 + width * (stream.uniform() - 0.5)),
  };
}
