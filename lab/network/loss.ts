const MASK = (1n << 64n) - 1n;

/** SplitMix64 at its n-th step, as in forwarder.c. */
function draw(seed: bigint, n: bigint): bigint {
  let z = (seed + (n + 1n) * 0x9e3779b97f4a7c15n) & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

/** A share of packets as the forwarder takes it: how many of 2^32. Pure. */
export const lossNumber = (share: number): number => Math.round(share * 2 ** 32);

/**
 * Numbers (from 0) of the packets that a link loses: the same for the same seed, so that a loss can be told from a fault. Pure.
 *
 * @param way 0: from the first end to the second; 1: back
 * @param packets how many are sent that way
 */
export function lost(seed: number, way: 0 | 1, share: number, packets: number): number[] {
  const own = draw(BigInt(seed), BigInt(way));
  const limit = BigInt(lossNumber(share));
  return Array.from({ length: packets }, (_, n) => n).filter((n) => draw(own, BigInt(n)) >> 32n < limit);
}
