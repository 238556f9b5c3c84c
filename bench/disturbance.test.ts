import { describe, expect, it } from "vitest";
import { disturbances, isFlagged } from "./disturbance.ts";

const calm = {
  spanMs: 1000,
  loopMeanMs: 0.1,
  loopP99Ms: 0.4,
  loopMaxMs: 1,
  loopBusy: 0.2,
  ownWorkMs: 0.5,
  gcPauses: 3,
  gcMs: 4,
  gcMaxMs: 2,
};

describe("a client that watches itself", () => {
  it("finds nothing where the loop is on time and the collector short", () => {
    expect(disturbances(calm, 20, false)).toEqual([]);
  });

  it("names a collector that took more than a tenth of the time", () => {
    expect(disturbances({ ...calm, gcMs: 101 }, 20, false)).toEqual(["garbage collection took 10 % of the time"]);
  });

  it("names a late loop, but not for the calls' own encoding, nor where calls are far longer than the delay", () => {
    expect(disturbances({ ...calm, loopMaxMs: 30 }, 20, false)).toEqual([
      "the event loop was 30 ms late, a call takes 20.0 ms",
    ]);
    expect(disturbances({ ...calm, loopMaxMs: 30, ownWorkMs: 29 }, 20, false)).toEqual([]);
    expect(disturbances({ ...calm, loopMaxMs: 30 }, 2000, false)).toEqual([]);
  });

  it("names a busy client only where calls overlap", () => {
    expect(disturbances({ ...calm, loopBusy: 0.9 }, 20, false)).toEqual([]);
    expect(disturbances({ ...calm, loopBusy: 0.9 }, 20, true)[0]).toContain("busy for 90 %");
  });

  it("flags a cell by the share of its visits", () => {
    expect([isFlagged(10, 0), isFlagged(10, 2), isFlagged(10, 3), isFlagged(1, 1), isFlagged(0, 0)]).toEqual([
      ...[false, false, true, true, false],
    ]);
  });
});
