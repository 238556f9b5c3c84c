import { describe, expect, it } from "vitest";
import { scoreFits } from "../../report/sections/run/scores.ts";
import { scoreFit } from "./score-fit.ts";

const SCORES: Readonly<Record<string, number>> = { a: 100, b: 200, c: 400 };
const scoreOf = (machine: string) => SCORES[machine];
const latency = (machine: string, ms: number, group = "g") => ({ machine, ms, group });

describe("how well scores explain latencies", () => {
  it("is perfectly, where latency goes with one over the score", () => {
    const fit = scoreFit(
      [latency("a", 40), latency("b", 20), latency("c", 10), latency("a", 8, "h"), latency("c", 2, "h")],
      scoreOf,
    );
    expect(fit).toMatchObject({ latencies: 5, machines: 3 });
    expect(fit?.medianError).toBeCloseTo(0, 12);
  });

  it("is by the error of predicting each machine from the others", () => {
    // Each is predicted to take half or twice as long as it does.
    const fit = scoreFit([latency("a", 40), latency("b", 40)], scoreOf);
    expect(fit?.medianError).toBeCloseTo((1 + 0.5) / 2, 12);
  });

  it("cannot be told of one machine, of machines without a score, or of groups that share none", () => {
    expect(scoreFit([], scoreOf)).toBeNull();
    expect(scoreFit([latency("a", 40), latency("a", 41)], scoreOf)).toBeNull();
    expect(scoreFit([latency("a", 40), latency("x", 20)], scoreOf)).toBeNull();
    expect(scoreFit([latency("a", 40, "g"), latency("b", 20, "h")], scoreOf)).toBeNull();
  });

  it("is 24 % by one core and 30 % by all cores in the paper's local table", () => {
    const { paper, here } = scoreFits({ manifest: { cells: [] } as never, summaries: new Map() });
    expect(paper.single?.medianError).toBeCloseTo(0.24, 2);
    expect(paper.multi?.medianError).toBeCloseTo(0.295, 2);
    expect(here).toEqual({ single: null, multi: null });
  });
});
