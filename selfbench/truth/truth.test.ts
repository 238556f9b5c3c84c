import { describe, expect, it } from "vitest";
import { trialsOf } from "./command.ts";
import { PARTS } from "./scenarios.ts";
import { isKept, shareOf } from "./score.ts";

describe("simulated runs with known truth", () => {
  // A small part of `npm run bench:truth`: seeded, so that what is seen is the same each time.
  const PART = [
    "independent noise, 3 rounds",
    "shocks of a group 3 %, 3 rounds",
    "as a demo's run, 2 rounds",
    "one cell x1.5, 5 rounds",
    "equal runs, 5 rounds",
    "stopping at a precision of 2 %, visits vary by 3 %",
  ];
  it.each(PART)("%s: keeps what is promised", { timeout: 120_000 }, async (name) => {
    const scenario = PARTS["runs"]?.find((s) => s.name === name);
    if (scenario === undefined) throw new Error(`no scenario ${name}`);
    for (const seen of await trialsOf(scenario, 10, 1))
      expect(seen.kept, `${seen.figure.name}: ${seen.share}`).not.toBe(false);
  });

  it("have names of their own, and draws that depend on the seed alone", async () => {
    const names = Object.values(PARTS).flatMap((part) => part.map((s) => s.name));
    expect(new Set(names).size).toBe(names.length);
    const [first] = PARTS["runs"] ?? [];
    if (first === undefined) throw new Error("no scenario");
    const short = { ...first, share: 1 };
    expect(await trialsOf(short, 10, 7)).toEqual(await trialsOf(short, 10, 7));
  });
});

describe("a promise", () => {
  const runs = (right: readonly number[], of: number) => shareOf(right.map((r) => ({ right: r, of })));

  it("is missed where chance does not explain what was seen, and kept where it does", () => {
    const good = runs(
      Array.from({ length: 200 }, (_, i) => (i % 20 === 0 ? 9 : 10)),
      10,
    );
    expect(isKept({ ...good, share: 0.95, se: 0.004 }, [0.92, 0.98], 200)).toBe(true);
    expect(isKept({ ...good, share: 0.9, se: 0.004 }, [0.92, 0.98], 200)).toBe(false);
    expect(isKept({ ...good, share: 0.9, se: 0.02 }, [0.92, 0.98], 200)).toBe(true);
    expect(isKept({ ...good, share: 1, se: 0 }, [0.92, 0.98], 200)).toBe(false);
  });

  it("is told by runs, not by figures: those of one run go together", () => {
    const together = runs(
      Array.from({ length: 100 }, (_, i) => (i < 95 ? 50 : 0)),
      50,
    );
    expect(together.share).toBeCloseTo(0.95);
    expect(together.se).toBeCloseTo(0.0218, 3);
  });
});
