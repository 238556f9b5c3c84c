import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { JsonlWriter, readLines, repairTail } from "./jsonl.ts";

describe("a file of JSON lines", () => {
  let dir: string;
  let path: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "lathe-jsonl-"));
    path = join(dir, "x.jsonl");
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  async function lines(): Promise<{ text: string[]; torn: boolean }> {
    const text: string[] = [];
    let torn = false;
    for await (const part of readLines(path)) {
      expect(part.first).toBe(text.length + 1);
      text.push(...part.lines);
      torn ||= part.torn;
    }
    return { text, torn };
  }

  it("stays good on a full disk: the line that did not fit is taken back, and one clear error says so", () => {
    let room = 30;
    const disk = (fd: number, bytes: Uint8Array) => {
      if (room === 0) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      const written = writeSync(fd, bytes.subarray(0, Math.min(room, bytes.length)));
      room -= written;
      return written;
    };
    const writer = new JsonlWriter(path, disk);
    writer.append({ number: 1 });
    writer.append({ number: 2 });
    expect(() => writer.append({ number: 3 })).toThrow(/no space left on the disk\n.*whole\n.*--resume/);
    room = 1000;
    expect(() => writer.append({ number: 4 })).toThrow(/no space left/);
    writer.close();
    expect(readFileSync(path, "utf8")).toBe('{"number":1}\n{"number":2}\n');
  });

  it.runIf(existsSync("/dev/full"))("says the same of the kernel's own full device", () => {
    const writer = new JsonlWriter("/dev/full");
    expect(() => writer.append(1)).toThrow(/no space left on the disk/);
    writer.close();
  });

  it("refuses to go on where somebody else writes to it, and loses neither's lines", () => {
    const [one, other] = [new JsonlWriter(path), new JsonlWriter(path)];
    one.append("a");
    expect(() => other.append("b")).toThrow(/somebody else writes/);
    one.append("c");
    one.close();
    other.close();
    expect(readFileSync(path, "utf8")).toBe('"a"\n"c"\n');
  });

  it("is read as it was written, in pieces of any length", async () => {
    const line = fc.string({ unit: "grapheme", maxLength: 30 }).filter((s) => !s.includes("\n"));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 20 }), line, async (whole, rest) => {
        writeFileSync(path, whole.map((l) => `${l}\n`).join("") + rest);
        expect(await lines()).toEqual({ text: rest === "" ? whole : [...whole, rest], torn: rest !== "" });
      }),
      { numRuns: 50 },
    );
  });

  it("keeps a character whole that two reads have a part of each", async () => {
    const long = `${"x".repeat((1 << 20) - 1)}é`;
    writeFileSync(path, `${long}\nend\n`);
    expect((await lines()).text).toEqual([long, "end"]);
  });

  it("that is not there is told, with what to do", async () => {
    await expect(lines()).rejects.toThrow(/x\.jsonl: not there\n.*killed before its first call\n.*--resume/);
  });

  it("loses no more than its torn last line to a repair, however long that is", () => {
    writeFileSync(path, "1\n2\n");
    appendFileSync(path, "y".repeat(200_000));
    expect(repairTail(path)).toBe(200_000);
    expect(readFileSync(path, "utf8")).toBe("1\n2\n");
    writeFileSync(path, "never ended");
    expect(repairTail(path)).toBe(11);
    expect(readFileSync(path, "utf8")).toBe("");
  });
});
