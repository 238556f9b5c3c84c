import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A seeded stream of random numbers: the same seed gives the same report on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** A whole number in [0, n). */
  below(n: number): number;
  /** 32 random bits. */
  bits(): number;
  /** Standard normal (Box and Muller). */
  normal(): number;
}

/** A stream of its own for each seed. */
export function random(seed: number): Random {
  // The generator's state begins with the seed itself: streams of neighbouring seeds would go together for long.
  const generator = xoroshiro128plus(scramble(seed));
  for (let i = 0; i < 64; i++) generator.next();
  const uniform = () => (generator.next() >>> 0) / 4294967296;
  return {
    uniform,
    below: (n) => Math.floor(uniform() * n),
    bits: () => generator.next(),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/** MurmurHash3's finaliser: each bit of the seed changes every bit of the result. */
function scramble(seed: number): number {
  let h = (seed + 0x9e3779b9) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A seed made from a text (FNV-1a) and a run's seed, so that each cell has a stream of its own. */
export function seedOf(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}
