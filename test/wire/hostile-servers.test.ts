import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { frame, settingsFrame, windowUpdateFrame } from "../../clients/transport/h2/frames.ts";
import { encodeBlock } from "../../clients/transport/h2/hpack.ts";
import { meet, type Hostile } from "./hostile/peers.ts";

/*
 * Servers that try to fill a client's memory, over real TCP. The client is a process of its own, and the bound is what it may take
 * beyond what it had when it was connected: each of these took gigabytes before, or as much as was sent of it.
 */

const uint32 = (value: number) => Buffer.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
const HEAD = frame(1, 4, 1, encodeBlock([[":status", "200"], ["content-type", "application/grpc"]])); // prettier-ignore
const TRAILERS = frame(1, 5, 1, encodeBlock([["grpc-status", "0"]]));
const GREETING = Buffer.concat([settingsFrame([]), windowUpdateFrame(0, 2 ** 20)]);
/** HEADERS of stream 1, which ends its header block. */
const ASKED = Buffer.from("010400000001", "hex");
const toGrpc = (how: Omit<Hostile, "greeting" | "after">): Hostile => ({ greeting: GREETING, after: ASKED, ...how });

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
const field = (tag: number, bytes: Buffer) => Buffer.concat([Buffer.of(tag), varint(bytes.length), bytes]);
const counted = (tag: number, length: number) => Buffer.concat([Buffer.of(tag), varint(length)]);

/** A PredictResponse's bytes in DATA frames: one output whose tensor begins with `tensor` and goes on with a piece, so many times. */
function answer(tensor: Buffer, piece: Buffer, times: number): Hostile {
  const perFrame = Math.floor(16_000 / piece.length);
  const frames = Math.ceil(times / perFrame);
  const size = tensor.length + frames * perFrame * piece.length;
  const value = counted(0x12, size);
  const name = field(0x0a, Buffer.from("x"));
  const entry = counted(0x0a, name.length + value.length + size);
  const message = entry.length + name.length + value.length + size;
  const begin = Buffer.concat([Buffer.of(0), uint32(message), entry, name, value, tensor]);
  return toGrpc({
    first: Buffer.concat([HEAD, frame(0, 0, 1, begin)]),
    piece: frame(0, 0, 1, Buffer.concat(Array<Buffer>(perFrame).fill(piece))),
    times: frames,
    last: TRAILERS,
  });
}
const tensorOf = (dtype: number, size = 1) =>
  Buffer.concat([Buffer.of(0x08, dtype), field(0x12, field(0x12, Buffer.concat([Buffer.of(0x08), varint(size)])))]);

const chunk = (text: string) => Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`);
const toRest = (head: string, how: Omit<Hostile, "first" | "after">): Hostile => ({
  after: Buffer.from("}"),
  first: Buffer.from(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`),
  ...how,
});
const CHUNKED = "Transfer-Encoding: chunked";
const sized = (begin: string, piece: string, times: number, end: string) =>
  toRest(`Content-Length: ${begin.length + piece.length * times + end.length}`, {
    piece: Buffer.from(piece),
    times,
    last: Buffer.from(end),
  });
const withBegin = (how: Hostile, begin: string): Hostile => ({
  ...how,
  first: Buffer.concat([how.first, Buffer.from(begin)]),
});
const json = (begin: string, piece: string, times: number, end: string) =>
  withBegin(sized(begin, piece, times, end), begin);

describe("a server that fills the memory of whoever calls it", () => {
  it.each<[string, string, Hostile, RegExp, number]>([
    [
      "probe",
      "CONTINUATION frames without bytes",
      toGrpc({ first: frame(1, 0, 1, HEAD.subarray(9)), piece: frame(9, 0, 1, Buffer.alloc(0)), times: 8e6 }),
      /ENHANCE_YOUR_CALM/,
      150,
    ],
    [
      "probe",
      "DATA frames of one byte",
      toGrpc({ first: HEAD, piece: frame(0, 0, 1, Buffer.of(0)), times: 5e6, last: TRAILERS }),
      /INTERNAL/,
      200,
    ],
    ["probe", "empty strings", answer(tensorOf(7), Buffer.of(0x42, 0), 8e6), /RESOURCE_EXHAUSTED|INTERNAL/, 300],
    [
      "probe",
      "empty strings, as many as the shape says",
      answer(tensorOf(7, 8e6), Buffer.of(0x42, 0), 8e6),
      /RESOURCE_EXHAUSTED|INTERNAL/,
      300,
    ],
    [
      "probe",
      "whole numbers of one byte each",
      answer(tensorOf(9), Buffer.of(0x52, 8, 1, 1, 1, 1, 1, 1, 1, 1), 4e6),
      /INTERNAL/,
      300,
    ],
    ["probe", "floats that are not packed", answer(tensorOf(1), Buffer.of(0x2d, 0, 0, 0, 0), 6e6), /INTERNAL/, 300],
    ["probe", "dimensions", answer(counted(0x12, 32e6), Buffer.of(0x12, 0), 16e6), /INTERNAL/, 300],
    ["grpc-js", "empty strings", answer(tensorOf(7), Buffer.of(0x42, 0), 8e6), /INTERNAL/, 400],
    [
      "grpc-js",
      "whole numbers of one byte each",
      answer(tensorOf(9), Buffer.of(0x52, 8, 1, 1, 1, 1, 1, 1, 1, 1), 4e6),
      /INTERNAL/,
      400,
    ],
    [
      "rest",
      "chunks of one byte",
      toRest(CHUNKED, { piece: chunk("0"), times: 5e6, last: Buffer.from("0\r\n\r\n") }),
      /INTERNAL/,
      250,
    ],
    ["rest", "objects without anything", json('{"predictions":[', "{},", 13e6, "{}]}"), /RESOURCE_EXHAUSTED/, 300],
    ["rest", "lists without anything", json('{"predictions":[', "[],", 13e6, "[]]}"), /RESOURCE_EXHAUSTED/, 300],
    ["rest", "lists in lists", json('{"predictions":', "[", 30e6, ""), /RESOURCE_EXHAUSTED/, 300],
    [
      "rest",
      "interim answers",
      { ...toRest("", { piece: Buffer.from("HTTP/1.1 103 Early\r\n\r\n"), times: 2e6 }), first: Buffer.alloc(0) },
      /without end/,
      150,
    ],
    [
      "rest",
      "trailers",
      withBegin(toRest(CHUNKED, { piece: Buffer.from("a: b\r\n"), times: 5e6 }), "0\r\n"),
      /without end/,
      150,
    ],
    ["rest", "gzip of a few bytes that becomes gigabytes", bomb(), /RESOURCE_EXHAUSTED/, 700],
  ])("%s: %s end in a reason, and in bounded memory", async (kind, _what, how, reason, bound) => {
    const seen = await meet(kind, "call", how);
    expect(seen.outcome).toMatch(reason);
    expect(seen.mebibytes).toBeLessThan(bound);
    expect(seen.heapMebibytes).toBeLessThan(bound);
  });

  it.each<[string, Buffer, boolean]>([
    ["PING, and reads no answer", frame(6, 0, 0, Buffer.alloc(8)), true],
    ["SETTINGS, and reads no answer", settingsFrame([[3, 7]]), true],
    ["PING, and reads the answers", frame(6, 0, 0, Buffer.alloc(8)), false],
    ["SETTINGS, and reads the answers", settingsFrame([]), false],
    ["answers to PINGs that nobody sent", frame(6, 1, 0, Buffer.alloc(8)), false],
    ["PRIORITY", frame(2, 0, 1, Buffer.alloc(5)), false],
    ["frames of a kind that nobody knows", frame(99, 0, 0, Buffer.alloc(3)), false],
    ["WINDOW_UPDATE", windowUpdateFrame(0, 1), false],
  ])("probe, idle: %s: the connection is ended", async (_what, piece, deaf) => {
    const seen = await meet("probe", "idle", { greeting: GREETING, first: Buffer.alloc(0), piece, times: 2e6, deaf });
    expect(seen.closed).toBe(true);
    expect(seen.mebibytes).toBeLessThan(150);
  });

  it("grpc-js, idle: a flood of PINGs that reads no answer takes no memory either", async () => {
    const how = {
      greeting: GREETING,
      first: Buffer.alloc(0),
      piece: frame(6, 0, 0, Buffer.alloc(8)),
      times: 2e6,
      deaf: true,
    };
    expect((await meet("grpc-js", "idle", how)).mebibytes).toBeLessThan(250);
  });
});

function bomb(): Hostile {
  const zeros = gzipSync(Buffer.alloc(2 ** 26));
  const body = Buffer.concat(Array<Buffer>(40).fill(zeros));
  return toRest(`Content-Encoding: gzip\r\nContent-Length: ${body.length}`, { last: body });
}
