import { describe, expect, it } from "vitest";
import { provenanceDifferences } from "../compare/provenance.ts";
import { type ReadBack, RunManifest } from "../records/manifest.ts";
import { type Setup, lastSetup, noOtherSetup, parseDelivered, setupDifferences, withSession } from "./setup-diff.ts";
import { sampleManifest } from "../testing/sample-run.ts";

const container = {
  imageId: "sha256:aaaa",
  containerId: "c1",
  startedAt: "2026-01-01T00:00:00Z",
  running: true,
  restartCount: 0,
  cpuSet: "0,1",
  nanoCpus: 0,
  memoryBytes: 1 << 30,
  env: { OMP_NUM_THREADS: "4" },
} satisfies ReadBack;

const sample = sampleManifest();
const server = sample.cells[0]?.server ?? "";
const manifest: RunManifest = {
  ...sample,
  lathe: { version: "1", commit: "c0ffee", dirty: false, agent: "agent-1", node: "v24" },
  readBack: Object.fromEntries(sample.servers.map((s) => [s.id, container])),
};
const began = lastSetup(manifest);
const withContainer = (changed: Partial<Exclude<ReadBack, { unread: string }>>): Setup => ({
  ...began,
  readBack: { ...began.readBack, [server]: { ...container, ...changed } },
});
const differences = (now: Setup, before = began) => setupDifferences(before, now, manifest.cells);
const refusal = (now: Setup, accept = false) => {
  try {
    noOtherSetup("R", began, differences(now), accept);
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
};

describe("a run that is resumed", () => {
  it("goes on where nothing changed, and where its server was started again", () => {
    expect(differences(began)).toEqual([]);
    expect(differences(withContainer({ startedAt: "2026-01-02T00:00:00Z", restartCount: 3, running: false }))).toEqual(
      [],
    );
  });

  it("is refused where a replica runs with other settings, or where there are more of them", () => {
    const replicated = (...cpuSets: string[]) =>
      withContainer({ replicas: cpuSets.map((cpuSet) => ({ ...container, containerId: "c2", cpuSet })) });
    const found = (now: Setup) =>
      differences(now, replicated("2,3")).map(({ what, was, is }) => `${what}: ${was}, ${is}`);
    expect(found(replicated("2,3"))).toEqual([]);
    expect(found(replicated("3"))).toEqual([`${server}, replica 2: cpuset: 2,3, 3`]);
    expect(found(replicated("2,3", "4"))).toEqual([`${server}: containers: 2, 3`]);
    expect(found(began)).toEqual([`${server}: containers: 2, 1`]);
  });

  it("goes on, and tells, with another commit of the same client program and in another container of the same settings", () => {
    const now = { ...withContainer({ containerId: "c2" }), lathe: { ...began.lathe, commit: "beef", dirty: true } };
    expect(differences(now)).toEqual([
      { what: "Lathe", was: "1, commit c0ffee", is: "1, commit beef with changes", bears: false },
      { what: `${server}: container`, was: "c1", is: "c2", bears: false },
    ]);
    expect(refusal(now)).toBeUndefined();
    expect(withSession(manifest, now, 3, differences(now)).remarks).toEqual(manifest.remarks);
  });

  it("goes on where a machine cannot be asked, now or when it began, and tells of the first", () => {
    const unread = {
      ...began,
      readBack: { [server]: { unread: "no route" } },
      delivered: { [server]: { unread: "no route" } },
    };
    expect(differences(unread).map((d) => [d.what, d.is, d.bears])).toEqual([
      [`${server}: container`, "not read back: no route", false],
      [`${server}: models`, "not read back: no route", false],
    ]);
    expect(differences(began, unread)).toEqual([]);
    // What was known before a session that could not ask is known still.
    const resumed = withSession(manifest, unread, 1, differences(unread));
    expect(lastSetup(resumed).readBack[server]).toEqual(container);
  });

  it("is refused under another client program, image, settings or models: each difference by name, and what to do", () => {
    const now: Setup = {
      ...withContainer({ imageId: "sha256:bbbb", cpuSet: "", memoryBytes: 5, env: { OMP_NUM_THREADS: "2" } }),
      lathe: { ...began.lathe, agent: "agent-2" },
      delivered: { ...began.delivered, [server]: { versions: { "null/1": "f".repeat(64) } } },
    };
    const words = refusal(now)?.split("\n") ?? [];
    expect(words.slice(0, 6)).toEqual([
      "R: client program (agent): agent-2 now, agent-1 when it was measured",
      `R: ${server}: image: bbbb now, aaaa when it was measured`,
      `R: ${server}: cpuset: none now, 0,1 when it was measured`,
      `R: ${server}: memory limit (bytes): 5 now, 1073741824 when it was measured`,
      `R: ${server}: OMP_NUM_THREADS: 2 now, 4 when it was measured`,
      expect.stringMatching(
        /model .*: (not there|version 1 \(f{12}\)) now, version \d+ \(\w+\) when it was measured/,
      ) as string,
    ]);
    expect(words.at(-1)).toContain("git checkout c0ffee");
    expect(words.at(-1)).toContain("npx lathe bench --resume R --accept-changes");
    expect(refusal(now, true)).toBeUndefined();
  });

  it("is refused where a version of its model came beside or went: its answers may come from either", () => {
    const before = { ...began, delivered: { [server]: parseDelivered(`null/1 ${"a".repeat(64)}\n`) } };
    const now = {
      ...began,
      delivered: { [server]: parseDelivered(`null/1 ${"a".repeat(64)}\nnull/2 ${"b".repeat(64)}\nx/1 c\n`) },
    };
    const cells = manifest.cells.filter((c) => c.server === server).map((c) => ({ ...c, model: "null" }));
    expect(setupDifferences(before, now, cells)).toEqual([
      {
        what: `${server}: model null`,
        was: `version 1 (${"a".repeat(12)})`,
        is: `version 1 (${"a".repeat(12)}), version 2 (${"b".repeat(12)})`,
        bears: true,
      },
    ]);
  });

  it("that went on all the same says so in every output, and is compared with what it was last measured with", () => {
    const now = withContainer({ env: { OMP_NUM_THREADS: "2" } });
    const resumed = withSession(manifest, now, 7, differences(now), "2026-02-03T04:05:06.000Z");
    expect(RunManifest.parse(JSON.parse(JSON.stringify(resumed)))).toEqual(resumed);
    expect(resumed.remarks.at(-1)).toBe(
      `Resumed 2026-02-03T04:05:06.000Z under another set-up: from round 7 on ${server}: OMP_NUM_THREADS 2 (was 4). The numbers are of both.`,
    );
    expect(setupDifferences(lastSetup(resumed), now, manifest.cells)).toEqual([]);
    expect(setupDifferences(lastSetup(resumed), began, manifest.cells)).toHaveLength(1);
    expect(provenanceDifferences(manifest, resumed)).toContainEqual({
      what: "resumed, from round 7 on",
      a: "–",
      b: `${server}: OMP_NUM_THREADS 2 (was 4)`,
    });
  });
});
