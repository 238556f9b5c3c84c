import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Load } from "../loads/load.ts";
import { readConditions } from "../stats/conditions.ts";
import { DEFAULT_LIMITS, type Limits } from "../matrix/limits.ts";
import type { RunManifest } from "../records/manifest.ts";
import { type CallRecord, readRecords } from "../records/records.ts";
import type { ImageMessage } from "./agent/protocol.ts";
import { runSession } from "./session.ts";
import { cellOf } from "../testing/cells.ts";
import { sampleManifest } from "../testing/sample-run.ts";

const image: ImageMessage = { type: "image", name: "image-1", width: 2, height: 1, rgb: "AQIDBAUG", file: "/9g=" };
const bundle = { key: "", script: new Uint8Array(), nodePath: "", arch: "" };

/** The real client in this process, against a peer on loopback that answers every request after `answerMs`. */
describe("a session with the real REST client", () => {
  const answerMs = 20;
  let dir: string;
  let peer: Server;
  let inFlight = 0;
  let mostInFlight = 0;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "lathe-session-run-"));
    inFlight = mostInFlight = 0;
    peer = createServer((request, response) => {
      mostInFlight = Math.max(mostInFlight, ++inFlight);
      request.resume().on("end", () =>
        setTimeout(() => {
          inFlight -= 1;
          response.end('{"predictions":[{"num_detections":1}]}');
        }, answerMs),
      );
    });
    await new Promise<void>((resolve) => peer.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    peer.closeAllConnections();
    await new Promise((resolve) => peer.close(resolve));
    rmSync(dir, { recursive: true, force: true });
  });

  function manifest(load: Load, limits: Partial<Limits>): RunManifest {
    const sample = sampleManifest();
    const { port } = peer.address() as AddressInfo;
    return {
      ...sample,
      limits: { ...DEFAULT_LIMITS, precision: null, ...limits },
      machines: sample.machines.map((m) => ({ ...m, ssh: null })),
      servers: sample.servers.map((s) => ({ ...s, endpoints: s.endpoints.map((e) => ({ ...e, port })) })),
      cells: [cellOf(["edge", "edge"], "null", "rest", "image-1", { load })],
    };
  }

  async function session(m: RunManifest) {
    const { ends } = await runSession(dir, m, [image], bundle, () => {});
    const calls: CallRecord[] = [];
    for await (const record of readRecords(join(dir, "records.jsonl")))
      if (record.type === "call" && record.phase === "measure") calls.push(record);
    return { ends: [...ends.values()], calls };
  }

  it("measures one call after the other, records visits and the end, and goes on where it stopped", async () => {
    const m = manifest({ mode: "closed-loop", concurrency: 1 }, { requests: 6, blockRequests: 4 });
    const { ends, calls } = await session(m);
    expect(ends).toEqual(["requests"]);
    expect(calls).toHaveLength(6);
    for (const call of calls) {
      expect(call.totalMs).toBeGreaterThanOrEqual(answerMs - 1);
      expect(call).not.toHaveProperty("lateMs");
    }
    expect(mostInFlight).toBe(1);
    const conditions = (await readConditions(join(dir, "records.jsonl"), m)).get(m.cells[0]?.id ?? "");
    expect(conditions).toMatchObject({
      visits: 2,
      end: { reason: "requests", n: 6, precision: expect.anything() as number },
    });
    const before = readFileSync(join(dir, "records.jsonl"), "utf8");
    expect((await session(m)).ends).toEqual(["requests"]);
    expect(readFileSync(join(dir, "records.jsonl"), "utf8")).toBe(before);
  });

  it("has several calls in flight where that was asked for", async () => {
    const { calls } = await session(
      manifest({ mode: "closed-loop", concurrency: 4 }, { requests: 12, blockRequests: 12 }),
    );
    expect(calls).toHaveLength(12);
    expect(mostInFlight).toBe(4);
  });

  it("counts an open loop's latencies from when calls were due: a server too slow for the rate is seen to be", async () => {
    const rate = { mode: "constant-rate", ratePerSecond: 100, concurrency: 1 };
    // 100 calls a second are due over one connection that carries 50: each call is 10 ms later than the one before it.
    const { calls } = await session(manifest(rate, { requests: 10, warmupRequests: 1 }));
    expect(calls).toHaveLength(10);
    expect(calls[9]?.totalMs).toBeGreaterThan(9 * (answerMs - 10) + answerMs - 5);
    for (const call of calls) {
      expect(call.intendedAt).toMatch(/^\d{4}-/);
      const phases = [call.lateMs, call.encodeMs, call.sendMs, call.waitMs, call.receiveMs, call.decodeMs];
      expect(phases.reduce<number>((sum, ms) => sum + (ms ?? 0), 0)).toBeCloseTo(call.totalMs, 6);
    }
  });
});
