import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ClientWatch } from "../run/agent/protocol.ts";
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

interface RealVisit extends ClientWatch {
  readonly when: "calm" | "hogged";
  readonly cell: string;
  readonly callMs: number;
}

/**
 * Visits of five calls in a lab on a machine with two processors, whose hosts went before all else that it did
 * (cpu.shares 262144): as they were, and with three endless loops on the client's host.
 */
function realVisits(): RealVisit[] {
  const text = readFileSync(new URL("../testing/watches.jsonl", import.meta.url), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as RealVisit);
}

const about = (callMs: number, overlap = false, beside = false) => ({ callMs, overlap, beside });

describe("a client that watches itself", () => {
  it("finds nothing where the loop is on time and the collector short", () => {
    expect(disturbances(calm, about(20, false))).toEqual([]);
  });

  it("names a collector that took more than a tenth of the time", () => {
    expect(disturbances({ ...calm, gcMs: 101 }, about(20, false))).toEqual([
      "garbage collection took 10 % of the time",
    ]);
  });

  it("names a late loop, but not for the calls' own encoding, nor where calls are far longer than the delay", () => {
    expect(disturbances({ ...calm, loopMaxMs: 30 }, about(20, false))).toEqual([
      "the event loop was 30 ms late, a call takes 20.0 ms",
    ]);
    expect(disturbances({ ...calm, loopMaxMs: 30, ownWorkMs: 29 }, about(20, false))).toEqual([]);
    expect(disturbances({ ...calm, loopMaxMs: 30 }, about(2000, false))).toEqual([]);
  });

  it("lays no late loop to a client whose server has the same processor: throttled edge, real visits of the demo", () => {
    for (const [lagMs, callMs] of [
      [24, 71.3],
      [38, 112.6],
    ] as const) {
      expect(disturbances({ ...calm, loopMaxMs: lagMs }, about(callMs, false, true))).toEqual([]);
      expect(disturbances({ ...calm, loopMaxMs: lagMs }, about(callMs))).toHaveLength(1);
    }
    expect(disturbances({ ...calm, gcMs: 101 }, about(20, false, true))).toHaveLength(1);
  });

  it("names a busy client only where calls overlap", () => {
    expect(disturbances({ ...calm, loopBusy: 0.9 }, about(20, false))).toEqual([]);
    expect(disturbances({ ...calm, loopBusy: 0.9 }, about(20, true))[0]).toContain("busy for 90 %");
  });

  it("names waits for a processor, but not where its server needs the same ones, nor a few milliseconds", () => {
    expect(disturbances({ ...calm, cpuWaitMs: 200 }, about(20))).toEqual([
      "the client waited for a processor for 20 % of the time",
    ]);
    expect(disturbances({ ...calm, cpuWaitMs: 200 }, about(20, false, true))).toEqual([]);
    expect(disturbances({ ...calm, spanMs: 20, gcMs: 0, cpuWaitMs: 9 }, about(2))).toEqual([]);
  });

  it("finds next to nothing in real visits that were left alone, and nearly all that were not", () => {
    const found = (when: RealVisit["when"]) =>
      realVisits().filter((v) => {
        const [client, server] = (v.cell.split(" ")[0] ?? "").split(">");
        return v.when === when && disturbances(v, about(v.callMs, false, client === server)).length > 0;
      }).length;
    expect(realVisits().filter((v) => v.when === "calm")).toHaveLength(32);
    expect(realVisits().filter((v) => v.when === "hogged")).toHaveLength(16);
    expect(found("calm")).toBeLessThanOrEqual(2);
    expect(found("hogged")).toBeGreaterThanOrEqual(14);
  });

  it("flags a cell by the share of its visits", () => {
    expect([isFlagged(10, 0), isFlagged(10, 2), isFlagged(10, 3), isFlagged(1, 1), isFlagged(0, 0)]).toEqual([
      ...[false, false, true, true, false],
    ]);
  });
});
