import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Cell } from "../cell.ts";
import { DEFAULT_LIMITS } from "../limits.ts";
import { type Random, random } from "../stats/random.ts";
import type { Study } from "../stats/study.ts";
import { callRecord, manifestOf, studyOf } from "../stats/testing.ts";
import { compareCommand } from "./command.ts";
import { compareRuns, exitCodeOf } from "./compare.ts";
import { provenanceDifferences } from "./provenance.ts";
import { formatComparison } from "./text.ts";

const base = manifestOf({
  placements: [
    ["client", "client"],
    ["client", "edge"],
  ],
  images: Array.from({ length: 4 }, (_, i) => ({ name: `image-${i + 1}`, fileBytes: 1 })),
});

/** The provenance that comparing reads, filled in. */
function manifest(id: string, omp = "4") {
  return {
    ...base,
    id,
    lathe: { version: "0.1.0", commit: "abc", dirty: false, agent: "k", node: "v24" },
    timedRegion: "t",
    limits: {},
    deployments: base.deployments.map((d) => ({
      ...d,
      facts: {
        cpu: { model: "m", allowed: [0, 1], quotaCpus: null },
        memoryBytes: 1,
        kernel: "k",
        os: "o",
        docker: { version: "1" },
      },
      server: { kind: "tf-serving", standIn: false, image: "i" },
    })),
    readBack: { edge: { cpuSet: "", memoryBytes: 0, env: { OMP_NUM_THREADS: omp } } },
  } as unknown as Study["manifest"];
}

function run(id: string, stream: Random, factor: (c: Cell) => number = () => 1, rounds = 4, noise = 0.01): Study {
  return studyOf(manifest(id), rounds, (c) =>
    Array.from({ length: 3 }, () => ({ totalMs: 20 * factor(c) * Math.exp(noise * stream.normal()) })),
  );
}

/** A manifest as a run's folder holds it. */
function completeManifest(id: string): Study["manifest"] {
  const m = manifest(id);
  const sha256 = "a".repeat(64);
  return {
    ...m,
    schema: "lathe.run/1",
    createdAt: "2026-01-01",
    clock: "c",
    photographs: "p",
    limits: { ...DEFAULT_LIMITS },
    readBack: {},
    images: m.images.map((i) => ({ ...i, source: "s", sha256 })),
    deployments: m.deployments.map((d) => ({
      role: d.role,
      ssh: null,
      address: "127.0.0.1",
      grpcPort: 1,
      restPort: 2,
      facts: {
        ...d.facts,
        hostname: "h",
        arch: "x",
        cpu: { ...d.facts.cpu, logical: [] },
        docker: { version: "1", apiVersion: "1", storageDriver: "o" },
      },
      threads: { physicalCores: 1, ompNumThreads: 1, intraOpParallelism: 1, interOpParallelism: 2, reason: "r" },
      server: { ...d.server, container: "c", intelBuild: true, env: {} },
      models: d.models.map((model) => ({ ...model, version: 1, sha256, signatures: [] })),
      workspace: "/w",
    })),
  };
}

const options = { threshold: 0.05 };
const slowRest = (c: Cell) =>
  c.clientKind === "rest" && c.model === "ssd-mobilenet" && c.serverRole === "edge" ? 1.3 : 1;

describe("comparing two runs", () => {
  it("of one set-up says the same, and exits with 0", () => {
    const stream = random(1);
    const c = compareRuns(run("a", stream), run("b", stream), options);
    expect(c.overall?.change).toBe("same");
    expect(c.groups).toHaveLength(2 * 3 * 2);
    expect(new Set(c.groups.map((g) => g.change))).toEqual(new Set(["same"]));
    expect(exitCodeOf(c)).toBe(0);
    expect(exitCodeOf(c, true)).toBe(0);
  });

  it("says how well their cells agree", () => {
    const factor = (c: Cell) => (c.image === "image-1" ? 1.1 : 1);
    const c = compareRuns(run("a", random(1), undefined, 2, 0), run("b", random(2), factor, 2, 0), options);
    expect(c.agreement?.cells).toBe(48);
    expect(c.agreement?.typical).toBeCloseTo(0, 9);
    expect(c.agreement?.ninth).toBeCloseTo(0.1, 9);
    expect(formatComparison(c)).toContain("nine of ten cells within 10.0 %, all within 10.0 %");
  });

  it("finds the one group that got slower, by how much, and exits with 1", () => {
    const stream = random(2);
    const c = compareRuns(run("a", stream), run("b", stream, slowRest), options);
    const slower = c.groups.filter((g) => g.change === "slower");
    expect(slower.map((g) => `${g.place} ${g.model} ${g.clientKind}`)).toEqual(["client → edge ssd-mobilenet rest"]);
    expect(slower[0]?.ratio).toBeCloseTo(1.3, 1);
    expect(exitCodeOf(c)).toBe(1);
    expect(formatComparison(c)).toMatch(/client → edge +ssd-mobilenet +rest +4 +1\.\d+ +1\.\d+ to 1\.\d+ +slower/);
  });

  it("the other way round finds it faster, and exits with 0", () => {
    const stream = random(3);
    const c = compareRuns(run("a", stream, slowRest), run("b", stream), options);
    expect(c.groups.filter((g) => g.change !== "same").map((g) => g.change)).toEqual(["faster"]);
    expect(exitCodeOf(c)).toBe(0);
  });

  it("takes a change that is sure but below the threshold for none", () => {
    const stream = random(4);
    const c = compareRuns(
      run("a", stream),
      run("b", stream, () => 1.02, 6, 0.002),
      options,
    );
    expect(c.overall?.interval?.low).toBeGreaterThan(1.01);
    expect(c.overall?.change).toBe("same");
  });

  it("cannot tell from one visit a cell, which fails a strict comparison only", () => {
    const stream = random(5);
    const c = compareRuns(run("a", stream, undefined, 1), run("b", stream, undefined, 1), options);
    expect(c.overall).toMatchObject({ interval: null, change: "cannot tell" });
    expect(exitCodeOf(c)).toBe(0);
    expect(exitCodeOf(c, true)).toBe(1);
  });

  it("counts a cell that began to fail as worse, whatever the others do", () => {
    const stream = random(6);
    const b = run("b", stream);
    const [id, data] = [...b.data][0] ?? [];
    if (id === undefined || data === undefined) throw new Error("no cell");
    const failing = new Map(b.data).set(id, { ...data, failure: { code: "UNAVAILABLE", message: "refused" } });
    const c = compareRuns(run("a", stream), { ...b, data: failing }, options);
    expect(c.newFailures).toEqual([{ cell: id, why: "UNAVAILABLE: refused" }]);
    expect(c.onlyA).toEqual([id]);
    expect(exitCodeOf(c)).toBe(1);
    expect(formatComparison(c)).toContain(`${id}: UNAVAILABLE: refused`);
  });

  it("of runs without a cell in common says so, and exits with 2", () => {
    const c = compareRuns(run("a", random(7)), { ...run("b", random(8)), data: new Map() }, options);
    expect(c.overall).toBeNull();
    expect(exitCodeOf(c)).toBe(2);
    expect(formatComparison(c)).toContain("no measured cell in common");
  });

  // 200 pairs of runs of one set-up, 12 groups each, intervals for all groups at once: one pair in twenty may have one
  // whose interval leaves 1; two Monte-Carlo errors are .03. The threshold is next to nothing, so nothing hides.
  it("of one set-up raises no more false alarms than it says, over all groups", () => {
    const stream = random(10);
    const alarms = Array.from({ length: 200 }, () =>
      compareRuns(run("a", stream, undefined, 3), run("b", stream, undefined, 3), { threshold: 1e-9 }),
    ).filter((c) => c.groups.some((g) => g.change === "slower" || g.change === "faster"));
    expect(alarms.length / 200).toBeLessThan(0.08);
  });
});

describe("provenance", () => {
  it("that differs is shown with both sides; times and ids are not provenance", () => {
    expect(provenanceDifferences(manifest("a"), manifest("b"))).toEqual([]);
    expect(provenanceDifferences(manifest("a", "4"), manifest("b", "8"))).toEqual([
      { what: "edge: OMP_NUM_THREADS", a: "4", b: "8" },
    ]);
    const c = compareRuns({ ...run("a", random(1)), manifest: manifest("a", "8") }, run("b", random(2)), options);
    expect(formatComparison(c)).toMatch(/edge: OMP_NUM_THREADS +8 +4/);
  });
});

describe("the compare command", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "lathe-compare-"))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it("reads two folders, compares them, and says how to end", async () => {
    const folder = (name: string, ms: number) => {
      const to = join(dir, name);
      const m = completeManifest(name);
      mkdirSync(to);
      writeFileSync(join(to, "run.json"), JSON.stringify(m));
      const stream = random(ms);
      const lines = m.cells.flatMap((c) =>
        [0, 1, 2, 3].flatMap((round) =>
          [1, 2].map(() => JSON.stringify(callRecord(c.id, round, ms * Math.exp(0.01 * stream.normal())))),
        ),
      );
      writeFileSync(join(to, "records.jsonl"), `${lines.join("\n")}\n`);
      return to;
    };
    const [a, b] = [folder("a", 10), folder("b", 20)];
    const slower = await compareCommand(a, b);
    expect(slower.exitCode).toBe(1);
    expect(slower.json).toMatchObject({ schema: "lathe.compare/1", a: "a", b: "b", exitCode: 1, provenance: [] });
    expect(slower.text).toMatch(/B over A as a whole: (2\.0|1\.9)\d+ \(.*\): slower/);
    expect((await compareCommand(b, a)).exitCode).toBe(0);
    expect((await compareCommand(a, a, { strict: true })).exitCode).toBe(0);
  });

  it("refuses folders that hold no run, and thresholds that are none", async () => {
    await expect(compareCommand(dir, dir)).rejects.toThrow(/run\.json: not there/);
    appendFileSync(join(dir, "run.json"), "{}");
    await expect(compareCommand(dir, dir, { threshold: 0 })).rejects.toThrow(/threshold 0/);
  });
});
