import { describe, expect, it } from "vitest";
import { random } from "../stats/math/random.ts";
import type { Study } from "../stats/study.ts";
import { compareRuns } from "./compare.ts";
import { formatComparison } from "./comparison-text.ts";
import { provenanceDifferences } from "./provenance.ts";
import { exitCodeOf, manifest, options, run } from "./testing/runs.ts";

describe("provenance", () => {
  it("that differs is shown with both sides; times and ids are not provenance", () => {
    expect(provenanceDifferences(manifest("a"), manifest("b"))).toEqual([]);
    expect(provenanceDifferences(manifest("a", "4"), manifest("b", "8"))).toEqual([
      { what: "edge: OMP_NUM_THREADS", a: "4", b: "8" },
    ]);
    const c = compareRuns({ ...run("a", random(1)), manifest: manifest("a", "8") }, run("b", random(2)), options);
    expect(formatComparison(c)).toMatch(/edge: OMP_NUM_THREADS +8 +4/);
  });

  const fresh = () => run("a", random(1));
  const withManifest = (change: (m: Study["manifest"]) => Study["manifest"]): Study => {
    const study = run("b", random(2));
    return { ...study, manifest: change(study.manifest) };
  };

  it("is counted in the first lines", () => {
    const b = withManifest((m) => ({ ...m, remarks: ["one machine"], lathe: { ...m.lathe, node: "v26" } }));
    const head = formatComparison(compareRuns(fresh(), b, options)).split("\n\n")[0];
    expect(head).toContain("Provenance: the runs differ in 2 points (Node and remarks; below).");
  });

  it("of a container counts its image and its limit of processor time", () => {
    const back = (imageId: string, nanoCpus: number) => ({
      ...manifest("a"),
      readBack: {
        edge: { imageId, nanoCpus, cpuSet: "", memoryBytes: 0, env: {} },
      } as unknown as Study["manifest"]["readBack"],
    });
    expect(provenanceDifferences(back("sha256:1", 0), back("sha256:2", 5e8))).toEqual([
      { what: "edge: container's image", a: "sha256:1", b: "sha256:2" },
      { what: "edge: container's CPU limit (nano CPUs)", a: "none", b: "500000000" },
    ]);
  });

  it("of cells' own limits is one line for all that differ alike", () => {
    const limited = withManifest((m) => ({ ...m, cells: m.cells.map((c) => ({ ...c, limits: { requests: 5 } })) }));
    const found = provenanceDifferences(manifest("a"), limited.manifest);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ a: "the run's", b: '{"requests":5}' });
    expect(found[0]?.what).toMatch(/^limits of 48 cells, such as client>client probe/);
  });

  it("of what a load of one name is leaves its cells out, too", () => {
    const trace = (sha256: string) =>
      withManifest((m) => ({
        ...m,
        cells: m.cells.map((c, i) =>
          i < 2 ? { ...c, load: { mode: "trace", file: "t.txt", concurrency: 1, sha256 } } : c,
        ),
      }));
    expect(compareRuns(trace("a"), trace("b"), options).otherInput).toHaveLength(2);
    expect(compareRuns(trace("a"), trace("a"), options).otherInput).toEqual([]);
  });

  it("of what a link of one name adds leaves its cells out, too", () => {
    const far = (rttMs: number) =>
      withManifest((m) => ({
        ...m,
        cells: m.cells.map((c, i) =>
          i < 2 ? { ...c, link: { name: "far", rttMs, mbit: null, loss: 0, jitterMs: 0 } } : c,
        ),
      }));
    expect(compareRuns(far(20), far(80), options).otherInput).toHaveLength(2);
    expect(compareRuns(far(20), far(20), options).otherInput).toEqual([]);
    // Nor do they fail in B for a reason that A had, too.
    const b = far(80);
    const failure = { code: "UNAVAILABLE", message: "lost" };
    const [cell] = b.manifest.cells;
    const data = new Map([...b.data].map(([id, d]) => [id, id === cell?.id ? { ...d, failure } : d] as const));
    expect(compareRuns(far(20), { ...b, data }, options).newFailures).toEqual([]);
    expect(compareRuns(far(80), { ...b, data }, options).newFailures).toHaveLength(1);
  });

  it("of what every cell is called with is no lack of cells: the first line says what it is", () => {
    const far = (rttMs: number) =>
      withManifest((m) => ({
        ...{ ...m, id: `${rttMs}` },
        cells: m.cells.map((c) => ({ ...c, link: { name: "far", rttMs, mbit: null, loss: 0, jitterMs: 0 } })),
      }));
    const c = compareRuns(far(20), far(80), options);
    expect(c.failures).toEqual([]);
    expect(exitCodeOf(c)).toBe(3);
    expect(formatComparison(c)).toMatch(
      /^NOT COMPARABLE: every cell that both runs measured has another photograph, trace or link\./,
    );
  });

  it("of cells under load whose latencies a run cannot tell is named, with why", () => {
    const [a, b] = [fresh(), withManifest((m) => m)];
    const cell = a.manifest.cells[0]?.id ?? "";
    const c = compareRuns(
      { ...a, untold: new Map([[cell, { kind: "invalid", why: "calls began late" }]]) },
      b,
      options,
    );
    expect(c.untold).toEqual([{ cell, run: "a", why: "calls began late" }]);
    expect(formatComparison(c)).toContain(
      `Not compared, because a run cannot tell their latencies: 1 cell, such as ${cell} (calls began late)`,
    );
  });

  it("of a photograph leaves its cells out, says so, and exits with 3", () => {
    const b = withManifest((m) => ({
      ...m,
      images: m.images.map((i) => (i.name === "image-1" ? { ...i, sha256: "f".repeat(64) } : i)),
    }));
    const c = compareRuns(fresh(), b, options);
    expect(c.otherInput).toHaveLength(12);
    expect(c.cells).toHaveLength(36);
    expect(exitCodeOf(c)).toBe(3);
    expect(formatComparison(c)).toContain(
      "Left out, because they have another photograph, trace or link: 12 cells, such as",
    );
  });

  it("of a model marks its groups", () => {
    const b = withManifest((m) => ({
      ...m,
      servers: m.servers.map((s) => ({
        ...s,
        models: s.models.map((x) => (x.name === "null" && s.id === "edge" ? { ...x, sha256: "f" } : x)),
      })),
    }));
    const c = compareRuns(fresh(), b, options);
    expect(c.groups.filter((g) => g.otherModel).map((g) => `${g.levels["placement"]} ${g.levels["model"]}`)).toEqual([
      "client → edge null",
      "client → edge null",
    ]);
    expect(formatComparison(c)).toContain("null (another one)");
  });

  it("of the timed region leaves nothing to compare, and exits with 3", () => {
    const c = compareRuns(
      fresh(),
      withManifest((m) => ({ ...m, timedRegion: "send to receive" })),
      options,
    );
    expect(c).toMatchObject({ overall: null, groups: [], cells: [] });
    expect(exitCodeOf(c)).toBe(3);
    expect(formatComparison(c)).toContain("NOT COMPARABLE: what is inside of the timed region is not the same");
  });
});
