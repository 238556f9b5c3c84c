import { Writable } from "node:stream";
import { expect, it } from "vitest";
import { writeGathered } from "./gathered.ts";

/** What a stream was given, by how many calls; each call is told that it was taken only later. */
function stream() {
  const calls: Buffer[][] = [];
  const given = new Writable({
    highWaterMark: 2 ** 24,
    write(chunk: Buffer, _encoding, done) {
      calls.push([chunk]);
      done();
    },
    writev(chunks, done) {
      calls.push(chunks.map(({ chunk }) => chunk as Buffer));
      done();
    },
  });
  return { given, calls };
}

const piece = (length: number, fill: number) => Buffer.alloc(length, fill);

it.each([
  ["of few bytes, as one", [piece(9, 1), piece(100, 2), piece(9, 3), piece(0, 4), piece(300, 5)], 1],
  ["up to four kilobytes, as one", [piece(4000, 1), piece(96, 2)], 1],
  ["of more, where they lie", [piece(9, 1), piece(4088, 2)], 2],
  ["of a photograph, where they lie", [piece(9, 1), piece(900_000, 2), piece(9, 3)], 3],
  ["that are one", [piece(7, 1)], 1],
])("pieces %s, are written in one call, and it is said when they were taken", async (_what, pieces, parts) => {
  const { given, calls } = stream();
  await new Promise<void>((taken) => writeGathered(given, pieces, taken));
  expect(calls.map((call) => call.length)).toEqual([parts]);
  expect(Buffer.concat(calls.flat()).equals(Buffer.concat(pieces))).toBe(true);
  if (parts > 1) expect(calls[0]?.[1]?.buffer).toBe(pieces[1]?.buffer);
});
