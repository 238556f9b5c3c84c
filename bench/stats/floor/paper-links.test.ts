import { expect, it } from "vitest";
import { PAPER_REQUEST_BYTES, paperLinks, rttBound } from "./paper-links.ts";

it("one bandwidth a link explains the paper's remote numbers of SSD: some 20 Mbit/s to the edge, some 200 to the cloud", () => {
  const [edge, cloud] = paperLinks();
  expect(edge.machine).toBe("edge");
  expect(edge.mbit).toBeGreaterThan(18);
  expect(edge.mbit).toBeLessThan(28);
  expect(cloud.mbit).toBeGreaterThan(150);
  expect(cloud.mbit).toBeLessThan(250);
  for (const { mbit, interval, error } of [edge, cloud]) {
    expect(interval?.low).toBeLessThan(mbit);
    expect(interval?.high).toBeGreaterThan(mbit);
    expect(error.used).toBeLessThan(0.2);
  }
  // Without the number that reads like a slip: three cells of SSD to the cloud, four to the edge.
  expect(edge.cells.filter((c) => c.mbit !== null)).toHaveLength(4);
  expect(cloud.cells.filter((c) => c.mbit !== null)).toHaveLength(3);
});

it("what a cell says is the bytes over what it takes longer than locally, less a round trip", () => {
  const [{ cells }] = paperLinks(0);
  for (const { ms, localMs, mbit, combination } of cells.filter((c) => c.mbit !== null)) {
    const bits = (PAPER_REQUEST_BYTES[combination.protocol] * 8 * 1500) / 1448;
    expect(localMs + bits / 1000 / (mbit ?? 0)).toBeCloseTo(ms, 6);
  }
});

it("a longer round trip leaves less for the bytes, and how long it may be is bounded by the numbers alone", () => {
  for (const [i, machine] of (["edge", "cloud"] as const).entries()) {
    const bound = rttBound(machine);
    expect(bound).toBeGreaterThan(2);
    expect(paperLinks(bound)[i as 0 | 1].mbit).toBeGreaterThan(paperLinks(0)[i as 0 | 1].mbit);
  }
});
