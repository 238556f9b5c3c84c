import { describe, expect, it } from "vitest";
import { searchOf } from "../../../bench/capacity/search.ts";
import { sloOf } from "../../../bench/capacity/slo.ts";
import { random } from "../../../bench/stats/math/random.ts";
import { capacityOf } from "./knee.ts";
import { SERVERS, type SimulatedServer } from "./servers.ts";
import { sweepSteps } from "./sweep.ts";
import { simulatedSweep, sweepAsPrecise } from "./trial.ts";

const slo = sloOf("p95 < 200 ms");
if (slo === undefined) throw new Error("no objective");
const server = (name: string) => SERVERS.find((s) => s.name.startsWith(name)) as SimulatedServer;
const options = { slo, precision: 0.05, busyConnections: 8 };

describe("a linear sweep", () => {
  it("has ten steps of equal length, evenly apart, up to what a closed loop was answered", () => {
    const steps = sweepSteps(50, 30, slo);
    expect(steps.map((s) => s.ratePerSecond)).toEqual([5, 10, 15, 20, 25, 30, 35, 40, 45, 50]);
    expect(new Set(steps.map((s) => s.calls / (s.ratePerSecond ?? 1)))).toEqual(new Set([30]));
  });

  it("pays for its closed loops and lead-ins, and knows the capacity the better, the longer it is", () => {
    const short = simulatedSweep(server("M/D/1"), random(1), options, 30);
    const long = simulatedSweep(server("M/D/1"), random(1), options, 120);
    expect(short.steps.filter((s) => s.ratePerSecond === undefined)).toHaveLength(2);
    expect(short.seconds).toBeGreaterThan(300);
    const [a, b] = [short, long].map(({ steps }) => searchOf(steps, options).capacity);
    expect(a?.precision ?? 0).toBeGreaterThan(b?.precision ?? Infinity);
    expect(Math.abs((b?.perSecond ?? 0) / capacityOf(server("M/D/1"), slo) - 1)).toBeLessThan(0.1);
  });

  it("is as long as it takes to be as precise as asked for: a fourth of the time for twice as wide an interval", () => {
    const lengths = [0.4, 0.2].map(
      (precision) => sweepAsPrecise(server("M/M/1"), { ...options, precision }).stepSeconds,
    );
    const [wide, narrow] = lengths as [number, number];
    expect(narrow / wide).toBeGreaterThan(2);
    expect(narrow / wide).toBeLessThan(12);
  });
});
