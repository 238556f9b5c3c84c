import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CallOutcome } from "./link.ts";
import { VisitTracker } from "./link.ts";
import { eachLine } from "./lines.ts";

describe("a tracker of visits", () => {
  it("can wait for the next visit after one that failed", async () => {
    const tracker = new VisitTracker();
    const first = tracker.begin(1, () => {});
    expect(() => tracker.begin(2, () => {})).toThrow("already under way");
    tracker.fail(new Error("Invalid string length"));
    await expect(first).rejects.toThrow("Invalid string length");
    const seen: CallOutcome[] = [];
    const second = tracker.begin(2, (m) => seen.push(m));
    tracker.accept({ type: "answer", visit: 1, outputs: {} });
    tracker.accept({ type: "answer", visit: 2, outputs: {} });
    tracker.accept({ type: "visited", visit: 2 });
    expect(await second).toMatchObject({ visit: 2 });
    expect(seen).toEqual([{ type: "answer", visit: 2, outputs: {} }]);
  });
});

describe("lines of an agent", () => {
  const read = (pieces: readonly Uint8Array[], longest?: number) => {
    const stream = new PassThrough();
    const lines: string[] = [];
    let tooLong = 0;
    eachLine(stream, (line) => lines.push(line), () => (tooLong += 1), longest); // prettier-ignore
    for (const piece of pieces) stream.emit("data", Buffer.from(piece));
    return { lines, tooLong };
  };

  it("come out whole, however the bytes are cut", () => {
    const line = fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll("\n", ""));
    fc.assert(
      fc.property(fc.array(line), fc.integer({ min: 1, max: 30 }), (sent, size) => {
        const bytes = Buffer.from(sent.map((text) => `${text}\n`).join(""));
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.subarray(i * size, (i + 1) * size),
        );
        expect(read(pieces)).toEqual({ lines: sent, tooLong: 0 });
      }),
    );
  });

  it("are read no further once one has no end, and that is said once", () => {
    const pieces = ["short\n", "x".repeat(6), "x".repeat(6), "\nlater\n", "x".repeat(99)].map((text) =>
      Buffer.from(text),
    );
    expect(read(pieces, 10)).toEqual({ lines: ["short"], tooLong: 1 });
    expect(read([Buffer.from(`a\n${"x".repeat(11)}\nb\n`)], 10)).toEqual({ lines: ["a"], tooLong: 1 });
  });
});
