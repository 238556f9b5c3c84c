import { expect, it } from "vitest";
import { type CapacityResult, type CapacityResults, outcomeText } from "../../capacity/result.ts";
import { sloOf } from "../../capacity/slo.ts";
import { cellOf } from "../../testing/cells.ts";
import { capacityTitle } from "./capacity.ts";

const searches = (...found: readonly (readonly [client: string, CapacityResult["capacity"]])[]): CapacityResults => ({
  slo: sloOf("p99 < 100 ms") as NonNullable<ReturnType<typeof sloOf>>,
  precision: 0.05,
  results: found.map(([client, capacity]) => ({
    target: cellOf(["client", "edge"], "ssd", client, "image-1"),
    ...{ capacity, steps: [], seconds: 60 },
  })),
});
const capacity = (
  outcome: CapacityResult["capacity"]["outcome"],
  perSecond: number | null,
  why?: string,
): CapacityResult["capacity"] => ({
  ...{ outcome, perSecond, interval: null, precision: 0.04, aloneMs: 20, throughputPerSecond: 50 },
  ...(why === undefined ? {} : { why }),
});

it("a run of searches has the highest rate that was found in its title, and of what", () => {
  expect(capacityTitle(searches(["probe", capacity("found", 41.23)]))).toBe(
    "The highest rate with p99 < 100 ms: 41.2 calls/s, ssd over gRPC (client → edge)",
  );
  const both = searches(["rest", capacity("found", 30)], ["probe", capacity("found", 41.23)]);
  expect(capacityTitle(both)).toMatch(
    /^The highest rate that was found with p99 < 100 ms: 41\.2 calls\/s, ssd over gRPC/,
  );
  // What is not found yet is not above what is.
  const one = searches(["rest", capacity("found", 30)], ["probe", capacity("open", 41.23)]);
  expect(capacityTitle(one)).toContain("30 calls/s, ssd over REST");
});

it("a run of searches that found no rate says so in its title, and why", () => {
  const open = { ...capacity("open", 41.23, "the budget ended"), interval: { low: 10.9, high: 263.4 } };
  expect(capacityTitle(searches(["probe", open]))).toBe(
    "The highest rate with p99 < 100 ms is not known: 10.9 to 263 calls/s so far, ssd over gRPC (client → edge)",
  );
  const client = capacity("client", 500, "it let calls wait");
  expect(capacityTitle(searches(["probe", client]))).toMatch(
    /is not known: 500 calls\/s so far, .*; .*client.*it let calls wait$/,
  );
  const none = capacity("none", null);
  expect(capacityTitle(searches(["probe", none]))).toBe(`No capacity with p99 < 100 ms: ${outcomeText(none)}`);
  expect(capacityTitle(searches())).toBe("No capacity with p99 < 100 ms: nothing was measured");
});
