import { expect, it } from "vitest";
import { keptCopy } from "./kept-copy.ts";

/** Lengths up to beyond what is cut from a larger piece, so many that several pieces are needed. */
const LENGTHS = Array.from({ length: 400 }, (_, i) => (i * 7919) % 20_000).concat(
  0,
  1,
  7,
  8,
  9,
  16_384,
  16_385,
  2 ** 20,
);

it("copies neither share bytes with each other nor with what they are copies of", () => {
  const sources = LENGTHS.map((length, i) => Buffer.alloc(length, i % 251));
  const copies = sources.map(keptCopy);
  for (const source of sources) source.fill(255);
  copies.forEach((copy, i) => expect(copy.equals(Buffer.alloc(LENGTHS[i] as number, i % 251))).toBe(true));
  // Each written over in turn leaves all others as they were.
  copies.forEach((copy, i) => {
    copy.fill(252);
    for (const next of copies.slice(i + 1, i + 4)) expect(next.includes(252)).toBe(false);
  });
});

it("copies begin where elements of every type may lie", () => {
  for (const length of LENGTHS) expect(keptCopy(Buffer.alloc(length)).byteOffset % 8).toBe(0);
});

it("a large copy has memory of its own, so that nothing else keeps it alive", () => {
  const copy = keptCopy(Buffer.alloc(100_000));
  expect(copy.buffer.byteLength).toBe(100_000);
});
