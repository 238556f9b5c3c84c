import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseExperiments } from "../bench/matrix/experiments/load.ts";
import { DEFAULT_LIMITS } from "../bench/matrix/limits.ts";
import { addsNothing } from "../bench/matrix/link.ts";
import { expand } from "../bench/plan/expand.ts";
import { PAPER_RTT_MS, paperLinks } from "../bench/stats/floor/paper-links.ts";
import { NOTHING_CHOSEN } from "../bench/testing/experiments.ts";
import { sampleMachine, sampleModel, sampleServer } from "../bench/testing/sample-run.ts";
import { repoRoot } from "../lib/paths.ts";
import { matrixOf } from "./demo.ts";

const MACHINES = ["client", "cloud", "edge"];

function cellsOf(path: string) {
  const images = Array.from({ length: 10 }, (_, i) => i + 1);
  const experiments = parseExperiments(readFileSync(join(repoRoot, path), "utf8"), path, { images });
  const servers = MACHINES.map((id) => sampleServer(id, ["ssd-mobilenet", "null", "null-large"].map(sampleModel)));
  const available = { machines: MACHINES.map(sampleMachine), servers, images: images.map((i) => `image-${i}`) };
  const { cells, notes } = expand(experiments, available, NOTHING_CHOSEN, DEFAULT_LIMITS);
  expect(notes).toEqual([]);
  return cells;
}

describe.each(["demo/distance.yaml", "bench/matrix/experiments/distance.yaml"])("%s", (path) => {
  it("measures each call over a link also over one that adds nothing: its floor needs that", () => {
    const cells = cellsOf(path);
    const far = cells.filter((c) => c.link !== undefined && !addsNothing(c.link));
    expect(far.length).toBeGreaterThan(10);
    const key = (c: (typeof cells)[number]) => `${c.clientMachine} ${c.server} ${c.client} ${c.model} ${c.image}`;
    const near = new Set(cells.filter((c) => c.link !== undefined && addsNothing(c.link)).map(key));
    expect(far.map(key).filter((k) => !near.has(k))).toEqual([]);
  });
});

describe("demo --distance", () => {
  it("lays the links that explain the paper's numbers, as the fit has them today", () => {
    const links = new Map(
      cellsOf("demo/distance.yaml").flatMap((c) => (c.link === undefined ? [] : [[c.link.name, c.link]])),
    );
    for (const { machine, mbit, interval } of paperLinks()) {
      const link = links.get(`paper-${machine}`);
      expect(link?.rttMs).toBe(PAPER_RTT_MS);
      expect(Math.abs((link?.mbit ?? 0) / mbit - 1)).toBeLessThan(0.02);
      expect(link?.mbit).toBeGreaterThan(interval?.low ?? Infinity);
      expect(link?.mbit).toBeLessThan(interval?.high ?? 0);
    }
  });

  it("is another matrix, and not together with --servers", () => {
    expect(matrixOf({})).toBe("demo/experiments.yaml");
    expect(matrixOf({ distance: true })).toBe("demo/distance.yaml");
    expect(() => matrixOf({ distance: true, servers: ["all"] })).toThrow("one matrix");
  });
});
