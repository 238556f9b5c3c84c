import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { repairTail } from "../records/jsonl.ts";
import type { JournalRecord } from "../records/records.ts";
import { RecordWriter } from "../records/records.ts";
import { progressSoFar } from "./progress.ts";

describe("a session of a run", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "lathe-session-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it("goes on with what earlier ones measured and ended, but not with what the budget or a failure ended", async () => {
    const path = join(dir, "records.jsonl");
    const unseen = { encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null };
    const sizes = { requestBytes: 1, responseBytes: 1 };
    const call = (cell: string, round: number, totalMs: number, phase: "warmup" | "measure" = "measure") =>
      ({ type: "call", cell, round, phase, at: "x", ok: true, totalMs, ...unseen, ...sizes }) satisfies JournalRecord;
    const end = (cell: string, reason: "precision" | "budget" | "failed") =>
      ({ type: "end", cell, round: 1, at: "x", reason, n: 1, precision: null, stable: null }) satisfies JournalRecord;
    const writer = new RecordWriter(path);
    const lines = [call("a", 0, 9, "warmup"), call("a", 0, 5), call("b", 0, 6), call("a", 1, 4)];
    for (const r of [...lines, end("a", "precision"), end("b", "budget"), end("c", "failed")]) writer.append(r);
    writer.close();
    appendFileSync(path, '{"type":"call","cell":"b');
    const { already, ended, firstRound } = await progressSoFar(path);
    expect([...already]).toEqual([
      ["a", [[5], [4]]],
      ["b", [[6]]],
    ]);
    expect([...ended]).toEqual(["a"]);
    // The interrupted round is over: a cell that it had visited would be visited twice in it, perhaps hours later.
    expect(firstRound).toBe(2);
    // The block's link was not there: its cells are measured again.
    const error = { code: "UNAVAILABLE", message: "link far went away", void: true as const };
    repairTail(path);
    const again = new RecordWriter(path);
    for (const cell of ["a", "b"]) again.append({ type: "failure", cell, round: 1, at: "x", error });
    again.close();
    const rest = await progressSoFar(path);
    expect([...rest.already]).toEqual([
      ["a", [[5]]],
      ["b", [[6]]],
    ]);
    expect([...rest.ended]).toEqual([]);
    expect(await progressSoFar(join(dir, "none.jsonl"))).toMatchObject({ already: new Map(), firstRound: 0 });
  });
});
