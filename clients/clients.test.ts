import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { reasonOf } from "./address.ts";
import { codeName, codeOfRestStatus } from "./codes.ts";
import { checkStatus, grpcTimeout, messagePrefix, percentDecode, unwrapMessage } from "./transport/framing.ts";
import { clientKind, clientKinds } from "./registry.ts";
import { timingOf } from "./timing.ts";
import { repoRoot } from "../lib/paths.ts";

describe("timing", () => {
  const marks = { startAt: 10, encodedAt: 12, sentAt: 15, firstByteAt: 20, lastByteAt: 21, endAt: 25 };

  it("has phases that follow each other without gaps", () => {
    expect(timingOf(marks)).toEqual({ encodeMs: 2, sendMs: 3, waitMs: 5, receiveMs: 1, decodeMs: 4, totalMs: 15 });
  });

  it("has no wait where the answer came before the last byte was sent", () => {
    expect(timingOf({ ...marks, sentAt: 22 })).toMatchObject({ sendMs: 8, waitMs: 0, receiveMs: 1 });
  });

  it("leaves out what a client cannot see", () => {
    expect(timingOf({ ...marks, sentAt: null })).toEqual({
      ...{ encodeMs: 2, sendMs: null, waitMs: null, receiveMs: 1, decodeMs: 4, totalMs: 15 },
    });
  });
});

describe("status codes", () => {
  it("have the canonical names, and UNKNOWN for what is none", () => {
    expect([0, 4, 14, 16, 17, -1].map(codeName)).toEqual([
      ...["OK", "DEADLINE_EXCEEDED", "UNAVAILABLE", "UNAUTHENTICATED", "UNKNOWN", "UNKNOWN"],
    ]);
  });

  it("come back from TF Serving's HTTP status", () => {
    expect([400, 404, 409, 429, 500, 501, 503, 504, 418].map(codeOfRestStatus)).toEqual([
      ...["INVALID_ARGUMENT", "NOT_FOUND", "ABORTED", "RESOURCE_EXHAUSTED", "INTERNAL", "UNIMPLEMENTED", "UNAVAILABLE"],
      ...["DEADLINE_EXCEEDED", "UNKNOWN"],
    ]);
  });
});

describe("gRPC's framing", () => {
  it("takes a message that comes in pieces and refuses one that is compressed, short or followed by more", () => {
    const message = Buffer.concat([messagePrefix(3), Buffer.from("abc")]);
    expect(Buffer.from(unwrapMessage([message.subarray(0, 2), message.subarray(2)])).toString()).toBe("abc");
    expect(() => unwrapMessage([message.subarray(0, 7)])).toThrow("promises a message of 3 bytes and holds 2");
    expect(() => unwrapMessage([message, Buffer.of(0)])).toThrow("holds 4");
    expect(() => unwrapMessage([])).toThrow("ends after 0 bytes");
    expect(() => unwrapMessage([Buffer.of(1, 0, 0, 0, 0)])).toThrow("compressed");
  });

  it("writes deadlines in at most eight digits", () => {
    expect([0.2, 1, 1500.4, 99_999_999, 1e8, 1e15].map(grpcTimeout)).toEqual([
      ...["1m", "1m", "1501m", "99999999m", "100000S", "99999999S"],
    ]);
  });

  it("decodes messages and leaves malformed ones as they are", () => {
    expect(percentDecode("100%25 %C3%BC")).toBe("100% ü");
    expect(percentDecode("100% %C3")).toBe("100% %C3");
  });

  it("trusts no answer without gRPC's own status and content type", () => {
    const good = { ":status": "200", "content-type": "application/grpc+proto" };
    expect(() => checkStatus(good, { "grpc-status": "0" })).not.toThrow();
    expect(() => checkStatus({ ...good, "content-type": "text/html" }, { "grpc-status": "0" })).toThrow("text/html");
    expect(() => checkStatus(good, {})).toThrow("without a gRPC status");
    expect(() => checkStatus({ ":status": "502" }, {})).toThrow(expect.objectContaining({ code: "UNAVAILABLE" }));
    expect(() => checkStatus(good, { "grpc-status": "nonsense" })).toThrow(
      expect.objectContaining({ code: "UNKNOWN" }),
    );
  });
});

describe("the registry", () => {
  it("has clients of both protocols under names of their own, and lists them where one is unknown", () => {
    expect(new Set(clientKinds.map((k) => k.name)).size).toBe(clientKinds.length);
    expect(new Set(clientKinds.map((k) => k.protocol))).toEqual(new Set(["grpc", "rest"]));
    expect(clientKind("probe").protocol).toBe("grpc");
    expect(() => clientKind("fetch")).toThrow("one of probe, grpc-js, rest, rest-b64");
  });

  it("works from one bundled file, as the agent is sent to other machines", async () => {
    const dir = await mkdtemp(join(tmpdir(), "lathe-bundle-"));
    try {
      const outfile = join(dir, "clients.mjs");
      const banner = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
      await build({
        entryPoints: [join(repoRoot, "clients", "registry.ts")],
        ...{ outfile, bundle: true, platform: "node", format: "esm", logLevel: "silent", banner: { js: banner } },
      });
      const bundled = (await import(pathToFileURL(outfile).href)) as { clientKinds: typeof clientKinds };
      for (const kind of bundled.clientKinds) {
        const client = kind.create("127.0.0.1", 1);
        await expect(client.open(2000)).rejects.toThrow("127.0.0.1:1: ");
        expect(await client.call({ model: "m", inputs: {}, timeoutMs: 500 })).toMatchObject({
          ok: false,
          error: { code: "UNAVAILABLE" },
        });
        await client.close();
      }
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }, 60_000);

  it("names the reason of a failed connection first", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    expect(reasonOf(refused)).toBe("connection refused (ECONNREFUSED)");
    expect(reasonOf(new AggregateError([refused]))).toBe("connection refused (ECONNREFUSED)");
    expect(reasonOf(new Error("something else"))).toBe("something else");
  });
});
