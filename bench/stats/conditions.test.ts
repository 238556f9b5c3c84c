import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { manifestOf } from "../testing/studies.ts";
import { readConditions } from "./conditions.ts";
import { type JournalRecord, RecordWriter } from "../records/records.ts";

const MANIFEST = manifestOf({ placements: [["edge", "edge"]], images: [{ name: "a", fileBytes: 1 }] });
const at = "2026-01-01T00:00:00.000Z";
const client = {
  ...{ spanMs: 100, loopMeanMs: 0, loopP99Ms: 0, loopMaxMs: 0, loopBusy: 0, ownWorkMs: 0 },
  ...{ gcPauses: 0, gcMs: 0, gcMaxMs: 0 },
};
const visit = (cell: string, disturbed: string[]): JournalRecord => ({
  ...{ type: "visit", cell, round: 0, at, warmup: { calls: 1, ended: "calls" }, client, disturbed },
});
const end = (cell: string, reason: "precision" | "budget", stable: boolean | null): JournalRecord => ({
  ...{ type: "end", cell, round: 0, at, reason, n: 30, precision: 0.01, stable },
});

describe("the conditions of a run", () => {
  let dir: string;
  let path: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "lathe-conditions-"));
    path = join(dir, "records.jsonl");
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it("tell how each cell ended, which still drifted, and which their own client disturbed", async () => {
    const writer = new RecordWriter(path);
    for (const r of [
      ...[visit("a", []), visit("a", []), end("a", "budget", null), end("a", "precision", true)],
      ...[visit("b", ["late"]), visit("b", []), end("b", "budget", false)],
      visit("c", []),
    ])
      writer.append(r);
    writer.close();
    appendFileSync(path, '{"type":"end","cell":"c"');
    const torn: number[] = [];
    const conditions = await readConditions(path, MANIFEST, (characters) => torn.push(characters));
    expect(torn).toEqual([24]);
    expect(conditions.get("a")).toMatchObject({ end: { reason: "precision", n: 30 }, visits: 2, flagged: false });
    expect(conditions.get("b")).toMatchObject({ disturbedVisits: 1, disturbances: ["late"], flagged: true });
    expect(conditions.get("c")?.end).toBeNull();
  });

  it("tell of an open loop whose server fell behind in most of its visits, and not in one", async () => {
    const writer = new RecordWriter(path);
    for (const [cell, backlogs] of [
      ["slow", [2.5, 3]],
      ["paused", [0.1, 4, 0]],
    ] as const)
      for (const backlogCalls of backlogs) writer.append({ ...visit(cell, []), backlogCalls } as JournalRecord);
    writer.close();
    const conditions = await readConditions(path, MANIFEST);
    expect([conditions.get("slow")?.behind, conditions.get("paused")?.behind]).toEqual([true, false]);
  });

  it("tell nothing of void visits: not that the server fell behind in them, nor that the client was busy", async () => {
    const writer = new RecordWriter(path);
    const error = { code: "UNAVAILABLE", message: "link far went away" };
    const failure = (cell: string, round: number, more: { void?: true }): JournalRecord => ({
      ...{ type: "failure", cell, round, at, error: { ...error, ...more } },
    });
    const late = (cell: string, round: number) =>
      ({ ...visit(cell, ["late"]), round, backlogCalls: 9 }) as JournalRecord;
    for (const r of [
      ...[
        late("a", 1),
        { ...visit("a", []), round: 2, backlogCalls: 0 } as JournalRecord,
        failure("a", 1, { void: true }),
      ],
      ...[late("b", 1), failure("b", 1, {})],
    ])
      writer.append(r);
    writer.close();
    const conditions = await readConditions(path, MANIFEST);
    expect(conditions.get("a")).toMatchObject({ visits: 1, disturbedVisits: 0, behind: false });
    expect(conditions.get("b")).toMatchObject({ visits: 1, disturbedVisits: 1, behind: true });
  });

  it("tell in which share of its periods a CPU quota stopped a server, over all of a cell's visits", async () => {
    const writer = new RecordWriter(path);
    const quota = (periods: number, throttledPeriods: number) => ({ periods, throttledPeriods, throttledMs: 1 });
    for (const [cell, use] of [
      ["edge", { spanMs: 100, stealMs: 10, quota: quota(10, 5) }],
      ["edge", { spanMs: 300, stealMs: 10, quota: quota(30, 5) }],
      ["free", { spanMs: 100 }],
    ] as const)
      writer.append({ ...visit(cell, []), use } as JournalRecord);
    writer.append(visit("unread", []));
    writer.close();
    const conditions = await readConditions(path, MANIFEST);
    expect(conditions.get("edge")).toMatchObject({ throttledShare: 0.25, stealShare: 0.05 });
    for (const cell of ["free", "unread"])
      expect(conditions.get(cell)).toMatchObject({ throttledShare: null, stealShare: null });
  });

  it("tell which share of all its processors' time a hypervisor kept from a server's machine, never more than all", async () => {
    const logical = Array.from({ length: 10 }, (_, cpu) => ({
      ...{ cpu, core: cpu, socket: 0, node: 0, online: cpu < 8 },
    }));
    const [first] = MANIFEST.cells;
    const machines = MANIFEST.machines.map((m) => ({ ...m, facts: { ...m.facts, cpu: { ...m.facts.cpu, logical } } }));
    const writer = new RecordWriter(path);
    for (const [cell, stealMs] of [
      [first?.id, 80],
      ["of no machine", 1e6],
    ] as const)
      writer.append({ ...visit(cell ?? "", []), use: { spanMs: 100, stealMs } } as JournalRecord);
    writer.close();
    const conditions = await readConditions(path, { ...MANIFEST, machines });
    expect([...conditions.values()].map((c) => c.stealShare)).toEqual([0.1, 1]);
  });

  it("are none in records of before they were kept", async () => {
    appendFileSync(path, '{"type":"failure","cell":"a","round":0,"at":"x","error":{"code":"X","message":"x"}}\n');
    expect((await readConditions(path, MANIFEST)).size).toBe(0);
  });
});
