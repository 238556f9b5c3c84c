import { describe, expect, it } from "vitest";
import { random } from "../math/random.ts";
import { moderate, priorOf } from "./moderation.ts";
import { digamma, fTail, trigamma, trigammaInverse } from "../math/special.ts";

describe("the functions of moderation", () => {
  // Closed forms (DLMF 5.4 and 5.15): -gamma - 2 ln 2, 3/2 - gamma, pi²/2, pi²/6 - 5/4; an F of 1 and many degrees is a squared normal.
  it("have the values of closed forms", () => {
    const gamma = 0.5772156649015329;
    expect(digamma(0.5)).toBeCloseTo(-gamma - 2 * Math.LN2, 10);
    expect(digamma(3)).toBeCloseTo(1.5 - gamma, 10);
    expect(trigamma(0.5)).toBeCloseTo(Math.PI ** 2 / 2, 10);
    expect(trigamma(3)).toBeCloseTo(Math.PI ** 2 / 6 - 1.25, 10);
    expect(fTail(4, 1, Infinity)).toBeCloseTo(0.04550026, 6);
    expect(trigamma(trigammaInverse(0.37))).toBeCloseTo(0.37, 10);
  });
});

/** Variances of cells with one degree of freedom, each cell of a true variance of its own. */
function cells(truths: readonly number[], seed = 1) {
  const stream = random(seed);
  return truths.map((truth) => ({ variance: truth * stream.normal() ** 2, df: 1 }));
}

describe("what like cells say of a variance", () => {
  it("counts for as much as all of them where they are alike, and for little where they are not", () => {
    const pooled = { variance: 1, df: 400 };
    const alike = priorOf(cells(Array<number>(400).fill(1)), pooled);
    expect(alike.df).toBeGreaterThan(20);
    const stream = random(2);
    const unlike = priorOf(cells(Array.from({ length: 400 }, () => Math.exp(2 * stream.normal()))), pooled);
    expect(unlike.df).toBeLessThan(2);
  });

  it("keeps a cell far out of them by itself, and shrinks others to them", () => {
    const prior = { variance: 1, df: 20 };
    expect(moderate({ variance: 30, df: 1 }, prior)).toEqual({ variance: 30, df: 1, by: "own" });
    expect(moderate({ variance: 0.001, df: 1 }, prior)).toMatchObject({ by: "like", df: 21 });
    expect(moderate({ variance: 0.001, df: 1 }, prior)?.variance).toBeGreaterThan(0.9);
    expect(moderate(undefined, prior)).toEqual({ ...prior, by: "like" });
    expect(moderate({ variance: 2, df: 3 }, undefined)).toEqual({ variance: 2, df: 3, by: "own" });
    expect(moderate(undefined, undefined)).toBeUndefined();
  });
});
