import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkWords, fuzz } from "../../lib/testing/fuzz.ts";
import { StatusError } from "../codes.ts";
import { decoded } from "./content-coding.ts";
import { LastSaid } from "./last-said.ts";
import { NotHttp, type ResponseHead } from "./response-head.ts";
import { type HttpResponse, ResponseReader } from "./response.ts";

/** Reads a response that comes in pieces of the given size, and ends after the last one. */
function read(text: string, piece = Infinity, largest = 1000): HttpResponse {
  const bytes = Buffer.from(text, "latin1");
  const reader = new ResponseReader(largest);
  for (let at = 0; at < bytes.length; at += Math.min(piece, bytes.length)) {
    // Memory that the next read takes again, as a socket's is.
    const lent = Buffer.from(bytes.subarray(at, at + Math.min(piece, bytes.length)));
    const response = reader.take(lent);
    lent.fill(0x2a);
    if (response !== undefined) return response;
  }
  return reader.end();
}

const SIZED = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKED =
  "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\nA;x=1\r\nlo, world!\r\n0\r\nTrailer: 1\r\n\r\n";
const FOLDED = "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5, 5\r\n\r\nhello";
const ENDED = "HTTP/1.1 200\r\nserver: x\r\n\r\nhello";

describe("a response", () => {
  it("is read in pieces of any size, sized, chunked or ended by the connection", () => {
    for (let piece = 1; piece < 120; piece++) {
      for (const [text, status, body, kept] of [
        [SIZED, 200, "hello", true],
        [CHUNKED, 404, "hello, world!", true],
        [ENDED, 200, "hello", false],
        [`HTTP/1.1 100 Continue\r\n\r\n${SIZED}`, 200, "hello", true],
        ["HTTP/1.1 204 No Content\r\n\r\n", 204, "", true],
        ["HTTP/1.0 503 Busy\r\nContent-Length: 0\r\n\r\n", 503, "", false],
        ["HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", 200, "", true],
        ["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 200, "", false],
      ] as const) {
        const response = read(text, piece);
        expect([response.status, response.body.toString(), response.kept], `${text} by ${piece}`).toEqual([
          ...[status, body, kept],
        ]);
        expect(response.firstByteAt).toBeGreaterThan(0);
      }
    }
  });

  it("is read the same where its head is the one of the answer before, and where it differs", () => {
    const heads = [
      ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, true],
      ["HTTP/1.1 400 No\r\nContent-Length: 5\r\n\r\n", 400, true],
      ["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n", 200, false],
      ["HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, true],
    ] as const;
    const last = new LastSaid<ResponseHead>();
    const one = fc.tuple(
      fc.constantFrom(...heads),
      fc.string({ minLength: 5, maxLength: 5, unit: "binary-ascii" }),
      fc.nat(90),
    );
    fc.assert(
      fc.property(fc.array(one), (answers) => {
        for (const [[head, status, kept], body, cut] of answers) {
          const reader = new ResponseReader(1000, last);
          const bytes = Buffer.from(head + body, "latin1");
          const lent = [bytes.subarray(0, cut), bytes.subarray(cut)].filter((piece) => piece.length > 0);
          const responses = lent.map((piece) => {
            const copy = Buffer.from(piece);
            const response = reader.take(copy);
            copy.fill(0x2a);
            return response;
          });
          expect(responses.at(-1)).toMatchObject({ status, kept, body: Buffer.from(body, "latin1") });
        }
      }),
    );
  });

  it("whose head is known is still given up where it is larger than this one may be", () => {
    const last = new LastSaid<ResponseHead>();
    expect(new ResponseReader(5, last).take(Buffer.from(SIZED))?.status).toBe(200);
    expect(() => new ResponseReader(4, last).take(Buffer.from(SIZED))).toThrow(StatusError);
  });

  it.each([
    ["one length said twice", "Content-Length: 5\r\nContent-Length: 5", true],
    ["one length said twice in a list", "Content-Length: 5, 5", true],
    ["one length said three times in two lists", "Content-Length: 5,5\r\ncontent-length:\t5 ", true],
    ["a value that goes on in a further line", "X: a\r\n b\r\n\tc\r\nContent-Length: 5", true],
    ["a length that stands in a further line", "Content-Length:\r\n  5\r\nX: y", true],
    ["a connection that is closed in a further line", "Connection: x,\r\n close\r\nContent-Length: 5", false],
    ["names in any case", "cOnTeNt-LeNgTh: 5", true],
    ["no space after a colon", "Content-Length:5", true],
  ])("is read as RFC 9112 says: %s", (_what, headers, kept) => {
    for (const piece of [1, 3, Infinity])
      expect(read(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\nhello`, piece)).toMatchObject({
        body: Buffer.from("hello"),
        kept,
      });
  });

  it("in chunks is read whatever length stands beside them, and its connection is not used again", () => {
    const chunks = "3;a=b;c\r\nhel\r\n02 ; x\r\nlo\r\n0;end\r\nTrailer: 1\r\nOther: 2\r\n\r\n";
    const both = "Transfer-Encoding: chunked\r\nContent-Length: 99";
    for (const [version, headers, kept] of [
      ["1.1", "Transfer-Encoding: chunked", true],
      ["1.1", "transfer-encoding:\r\n Chunked", true],
      ["1.1", both, false],
      ["1.1", both.split("\r\n").reverse().join("\r\n"), false],
      ["1.0", "Connection: keep-alive\r\nTransfer-Encoding: chunked", false],
    ] as const)
      for (const piece of [1, Infinity])
        expect(read(`HTTP/${version} 200 OK\r\n${headers}\r\n\r\n${chunks}`, piece), headers).toMatchObject({
          ...{ body: Buffer.from("hello"), kept },
        });
  });

  it("that says more than it promised is taken, and its connection is not used again", () => {
    expect(read(`${SIZED}HTTP/1.1 408 Late\r\n\r\n`)).toMatchObject({ status: 200, kept: false });
  });

  it.each([
    ["SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not speak HTTP/1.1"],
    ["HTTP/2 200\r\n\r\n", "does not speak HTTP/1.1"],
    ["\0\0", "does not speak HTTP/1.1"],
    ["HTTP/1.1 twohundred\r\n\r\n", "does not speak HTTP/1.1"],
    ["HTTP/1.1 101 Switching Protocols\r\n\r\n", "another protocol"],
    ["HTTP/1.1 200 OK\r\ncontent-length: 5x\r\n\r\n", "content-length"],
    ["HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n", "content-length"],
    ["HTTP/1.1 200 OK\r\ncontent-length: 5, 6\r\n\r\n", 'content-length: "5, 6"'],
    ["HTTP/1.1 200 OK\r\ncontent-length: 5,\r\n\r\n", "content-length"],
    ["HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\n", "content-length"],
    ["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n 6\r\n\r\n", 'content-length: "5 6"'],
    ["HTTP/1.1 200 OK\r\n folded: first\r\n\r\n", "begins with white space"],
    ["HTTP/1.1 200 OK\r\ncontent-length : 5\r\n\r\n", "without a name"],
    ["HTTP/1.1 200 OK\r\na: b\ncontent-length: 5\r\n\r\nhello", "line end or a NUL within a line"],
    ["HTTP/1.1 200 OK\r\na: \0\r\n\r\n", "line end or a NUL within a line"],
    ["HTTP/1.1 200 OK\ncontent-length: 5\n\nhello", "end without CR"],
    ["HTTP/1.1 200 OK\ncontent-length: 5\n\r\nhello", "end without CR"],
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n", "transfer-encoding"],
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n", "transfer-encoding"],
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\n", "transfer-encoding"],
    [`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${"a: b\r\n".repeat(20_000)}`, "without end"],
    ["HTTP/1.1 103 Early\r\n\r\n".repeat(5000), "interim answers or trailers without end"],
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n", "transfer-encoding"],
    ["HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "without a name"],
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-5\r\n", 'a chunk of "-5" bytes'],
    ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n", "longer than it says"],
    [SIZED.slice(0, -1), "in the middle of an answer"],
    [CHUNKED.slice(0, -2), "in the middle of an answer"],
    ["", "before any answer"],
    [`HTTP/1.1 200 ${"x".repeat(70_000)}`, "without end"],
    [`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${"0".repeat(2000)}`, "without end"],
  ])("that is none is refused with the reason: %j", (text, reason) => {
    expect(() => read(text)).toThrow(NotHttp);
    expect(() => read(text, 7)).toThrow(reason);
  });

  it("is given up where it is too long, before it is read where it says so", () => {
    const tooLarge = expect.objectContaining({ code: "RESOURCE_EXHAUSTED" }) as Error;
    expect(() => read("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n")).toThrow(tooLarge);
    expect(() => read(ENDED, Infinity, 4)).toThrow(tooLarge);
    expect(() => read(CHUNKED, Infinity, 10)).toThrow(tooLarge);
  });

  it("that is coded, though nobody asked for it, is decoded, up to the largest that there may be", () => {
    const text = Buffer.from('{"predictions":[[1.5]]}');
    for (const [coding, bytes] of [
      ["gzip", gzipSync(text)],
      ["x-gzip", gzipSync(text)],
      ["gzip", Buffer.concat([gzipSync(text.subarray(0, 5)), gzipSync(text.subarray(5))])],
      ["deflate", deflateSync(text)],
      ["deflate", deflateRawSync(text)],
      ["br", brotliCompressSync(text)],
      ["identity", text],
      ["", text],
    ] as const) {
      expect(decoded(bytes, coding, text.length).toString(), coding).toBe(text.toString());
      if (bytes === text) continue;
      expect(() => decoded(bytes, coding, text.length - 1)).toThrow("larger than 22 bytes");
      expect(() => decoded(bytes.subarray(0, bytes.length / 2), coding, 1000), coding).toThrow("and is not");
      expect(decoded(Buffer.alloc(0), coding, 10)).toHaveLength(0);
    }
    for (const coding of ["zstd", "compress", "gzip, br", "gzip,gzip", "constructor"])
      expect(() => decoded(text, coding, 1000)).toThrow(`coded by ${JSON.stringify(coding)}, which nobody asked for`);
    expect(
      read("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\ncontent-encoding: BR\r\nContent-Length: 0\r\n\r\n"),
    ).toMatchObject({
      coding: "gzip, br",
    });
  });

  it("with any faults, in pieces of any size, is an answer or a reason, and never more than was sent", () => {
    const seen = { value: 0, fault: 0 };
    const near = fc
      .tuple(
        fc.constantFrom(SIZED, CHUNKED, ENDED, FOLDED),
        fc.array(fc.tuple(fc.nat(150), fc.string({ maxLength: 3 })), { maxLength: 3 }),
      )
      .map(([text, faults]) =>
        faults.reduce<string>((t, [at, s]) => t.slice(0, at) + s + t.slice(at + s.length), text),
      );
    fuzz(1, fc.record({ text: near, piece: fc.integer({ min: 1, max: 200 }) }), ({ text, piece }) => {
      try {
        expect(read(text, piece).body.length).toBeLessThanOrEqual(text.length);
        seen.value += 1;
      } catch (error) {
        if (!(error instanceof NotHttp || error instanceof StatusError)) throw error;
        checkWords(error.message, /./);
        seen.fault += 1;
      }
    });
    expect(Math.min(seen.value, seen.fault)).toBeGreaterThan(100);
  });
});
