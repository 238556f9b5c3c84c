import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type BenchRecord,
  type CallRecord,
  type JournalRecord,
  RECORDS_VERSION,
  RecordWriter,
  momentsOf,
  readJournal,
  readRecords,
} from "./records.ts";
import { repairTail } from "./jsonl.ts";
import { quantile, summariesOf } from "../stats/summary.ts";
import { gatherCells } from "../stats/gather.ts";
import { callRecord } from "../testing/calls.ts";

const summarised = async (records: Parameters<typeof gatherCells>[0]) => summariesOf(await gatherCells(records));

const at = "2026-01-01T00:00:00.000Z";
const call = (cell: string, totalMs: number, more: Partial<CallRecord> = {}) =>
  callRecord(cell, 0, totalMs, { encodeMs: 1, ...more });
const failure = (cell: string): BenchRecord => ({
  type: "failure",
  cell,
  round: 0,
  at,
  error: { code: "UNAVAILABLE", message: "refused" },
});

describe("records", () => {
  let dir: string;
  let path: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "lathe-records-"));
    path = join(dir, "records.jsonl");
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  async function all(): Promise<BenchRecord[]> {
    const read: BenchRecord[] = [];
    for await (const record of readRecords(path)) read.push(record);
    return read;
  }

  it("come back as they were written, and appending goes on where it stopped", async () => {
    const first = new RecordWriter(path);
    first.append(call("a", 1));
    first.close();
    const second = new RecordWriter(path);
    second.append(failure("b"));
    second.close();
    expect(await all()).toEqual([call("a", 1), failure("b")]);
  });

  it("survive a torn last line: it is cut off, and only it", () => {
    const writer = new RecordWriter(path);
    writer.append(call("a", 1));
    writer.close();
    const whole = readFileSync(path, "utf8");
    appendFileSync(path, '{"type":"call","cell":"a","rou');
    expect(repairTail(path)).toBe(30);
    expect(readFileSync(path, "utf8")).toBe(whole);
    expect(repairTail(path)).toBe(0);
    expect(repairTail(join(dir, "none.jsonl"))).toBe(0);
  });

  it("carry the version of their form on every line", () => {
    const writer = new RecordWriter(path);
    writer.append(call("a", 1));
    writer.append(failure("a"));
    writer.close();
    for (const line of readFileSync(path, "utf8").trimEnd().split("\n"))
      expect(JSON.parse(line)).toMatchObject({ v: RECORDS_VERSION });
  });

  it("are refused in words from an older version and from a newer one", async () => {
    for (const [line, version] of [
      [call("a", 1), "the first version"],
      [{ v: RECORDS_VERSION - 1, ...call("a", 1) }, `version ${RECORDS_VERSION - 1}`],
      [{ v: 99, ...call("a", 1) }, "version 99"],
    ] as const) {
      writeFileSync(path, `${JSON.stringify(line)}\n`);
      await expect(all()).rejects.toThrow(`records.jsonl:1: a record of ${version}`);
    }
  });

  it("are read up to a torn last line, which is told and left out", async () => {
    const writer = new RecordWriter(path);
    writer.append(call("a", 1));
    writer.close();
    appendFileSync(path, '{"type":"call","cell":"ä');
    const torn: number[] = [];
    const read: BenchRecord[] = [];
    for await (const record of readRecords(path, (characters) => torn.push(characters))) read.push(record);
    expect(read).toEqual([call("a", 1)]);
    expect(torn).toEqual([24]);
  });

  it("keep visits and ends apart from what was measured", async () => {
    const known = { n: 30, precision: 0.01, stable: true };
    const end: JournalRecord = { type: "end", cell: "a", round: 0, at, reason: "precision", ...known };
    const writer = new RecordWriter(path);
    writer.append(call("a", 1));
    writer.append(end);
    writer.close();
    expect(await all()).toEqual([call("a", 1)]);
    const journal = [];
    for await (const record of readJournal(path)) journal.push(record);
    expect(journal).toEqual([call("a", 1), end]);
  });

  it("that are damaged in the middle are named by file and line, all of them, with what takes them out", async () => {
    const good = JSON.stringify({ v: RECORDS_VERSION, ...call("a", 1) });
    appendFileSync(path, `${good}\n{"type":"call"}\n\0\0\0\n${good}\nx\n${good}\n`);
    await expect(all()).rejects.toThrow(/records\.jsonl:2: not a record: phase[^]*:3: not JSON[^]*:5: not JSON: "x"/);
    const words = await all().catch((error: Error) => error.message);
    const [, fix = ""] = /fix: .*: (sed .*)$/.exec(words as string) ?? [];
    execFileSync("sh", ["-c", fix]);
    expect(await all()).toEqual([call("a", 1), call("a", 1), call("a", 1)]);
    expect(readFileSync(`${path}.bak`, "utf8")).toContain("\0\0\0");
  });

  it("of a later version of Lathe are not to be taken out", async () => {
    appendFileSync(path, `{"v":99}\n`);
    await expect(all()).rejects.toThrow(/a record of version 99[^]*fix: read the run with the version of Lathe/);
    await expect(all()).rejects.not.toThrow(/sed/);
  });
});

describe("a summary", () => {
  it("counts measured calls that succeeded, and means, medians and phases of those alone", async () => {
    const cells = await summarised([
      call("a", 100, { phase: "warmup" }),
      call("a", 1),
      call("a", 2),
      call("a", 6),
      call("a", 50, { ok: false, error: { code: "X", message: "x" } }),
    ]);
    expect(cells.get("a")).toMatchObject({ n: 3, meanMs: 3, medianMs: 2, minMs: 1, maxMs: 6, requestBytes: 5 });
    expect(cells.get("a")?.phaseMeansMs).toEqual({
      lateMs: null,
      encodeMs: 1,
      sendMs: null,
      waitMs: null,
      receiveMs: null,
      decodeMs: null,
    });
  });

  it("says that a cell failed until a later session measured it", async () => {
    expect((await summarised([call("a", 1), failure("a")])).get("a")?.failure?.code).toBe("UNAVAILABLE");
    expect((await summarised([failure("a"), call("a", 1)])).get("a")?.failure).toBeUndefined();
    expect((await summarised([failure("a")])).get("a")?.n).toBe(0);
  });

  it("has quantiles as NumPy's default gives them", () => {
    // numpy.quantile([1, 2, 4, 8], [0, .25, .5, .9, 1]) = [1, 1.75, 3, 6.8, 8]
    const sorted = [1, 2, 4, 8];
    expect([0, 0.25, 0.5, 0.9, 1].map((q) => quantile(sorted, q))).toEqual([1, 1.75, 3, expect.closeTo(6.8), 8]);
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe("the moments of a call", () => {
  it("are when it was due, began, had its first byte and ended, from the begin of its visit's load on", () => {
    const phases = { encodeMs: 1, sendMs: 2, waitMs: 30, receiveMs: 4, decodeMs: 3 };
    const record = callRecord("a", 0, 45, { ...phases, lateMs: 5, beginMs: 105 });
    expect(momentsOf(record)).toEqual({ dueMs: 100, beginMs: 105, firstByteMs: 138, endMs: 145 });
    // A closed loop's call is due when it begins; not every client sees the first byte; older records have no moments.
    expect(momentsOf(callRecord("a", 0, 40, { beginMs: 7 }))).toEqual({
      dueMs: 7,
      beginMs: 7,
      firstByteMs: null,
      endMs: 47,
    });
    expect(momentsOf(callRecord("a", 0, 40))).toBeUndefined();
  });
});
