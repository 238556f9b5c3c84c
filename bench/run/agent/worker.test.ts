import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import type { CallResult, Client, ClientKind, PredictRequest } from "../../../clients/client.ts";
import { type MetricsReader, metricsReader } from "./metrics.ts";
import type { FromWorker, VisitMessage } from "./protocol.ts";
import { createWorker } from "./worker.ts";

const timing = { encodeMs: 1, sendMs: 2, waitMs: 3, receiveMs: 4, decodeMs: 5, totalMs: 15 };
const good: CallResult = {
  ok: true,
  timing,
  outputs: { num_detections: { dtype: "DT_FLOAT", shape: [1], data: Float32Array.of(7) } },
  requestBytes: 100,
  responseBytes: 50,
};
const visit: VisitMessage = {
  type: "visit",
  visit: 1,
  clientKind: "fake",
  address: "127.0.0.1",
  port: 8500,
  model: "ssd",
  image: "image-1",
  warmup: 1,
  warmupAtMost: 1,
  concurrency: 1,
  ratePerSecond: null,
  calls: 2,
  blockMs: 1000,
  timeoutMs: 1000,
  keepAnswer: true,
};
const image = { type: "image", name: "image-1", width: 2, height: 1, rgb: "AQIDBAUG", file: "/9g=" } as const;

/** A worker over a client that gives these results in turn. */
async function working(results: CallResult[], options: { input?: "pixels" | "file"; refuse?: boolean } = {}) {
  const said: FromWorker[] = [];
  const requests: PredictRequest[] = [];
  const counts = { opened: 0, closed: 0 };
  const kind: ClientKind = {
    name: "fake",
    protocol: "grpc",
    input: options.input ?? "pixels",
    about: "",
    create: (): Client => ({
      open: () => {
        counts.opened += 1;
        return options.refuse ? Promise.reject(new Error("127.0.0.1:8500: connection refused")) : Promise.resolve();
      },
      call: (request) => {
        requests.push(request);
        return Promise.resolve(results.shift() ?? good);
      },
      close: () => {
        counts.closed += 1;
        return Promise.resolve();
      },
    }),
  };
  const worker = createWorker((m) => said.push(m), { kinds: [kind] });
  await worker.handle(image);
  return { worker, said, requests, counts };
}

describe("a worker", () => {
  it("makes the warm-up calls, then the measured ones, and sends the first measured answer", async () => {
    const w = await working([]);
    await w.worker.handle(visit);
    expect(w.said.map((m) => (m.type === "call" ? m.phase : m.type))).toEqual([
      "warmup",
      "measure",
      "answer",
      "measure",
      "visited",
    ]);
    expect(w.said[1]).toMatchObject({ ok: true, ...timing, requestBytes: 100, responseBytes: 50 });
    expect(w.said[2]).toMatchObject({ outputs: { num_detections: { shape: [1], values: [7] } } });
  });

  it("sends pixels as uint8 [1, height, width, 3] and files as one string", async () => {
    const pixels = await working([]);
    await pixels.worker.handle(visit);
    expect(pixels.requests[0]).toMatchObject({ model: "ssd", signature: "serving_default" });
    expect(pixels.requests[0]?.inputs["inputs"]).toMatchObject({ dtype: "DT_UINT8", shape: [1, 1, 2, 3] });
    const file = await working([], { input: "file" });
    await file.worker.handle(visit);
    expect(file.requests[0]).toMatchObject({ signature: "serving_bytes" });
    expect(file.requests[0]?.inputs["inputs"]).toMatchObject({ dtype: "DT_STRING", shape: [1] });
  });

  it("stops a visit at a call that fails, says why, and opens a new connection for the next", async () => {
    const w = await working([good, { ok: false, error: { code: "NOT_FOUND", message: "Latest(ssd)" }, totalMs: 2 }]);
    await w.worker.handle(visit);
    expect(w.said.at(-1)).toMatchObject({ type: "visited", error: { code: "NOT_FOUND", opening: false } });
    expect(w.said.at(-2)).toMatchObject({ type: "call", ok: false, totalMs: 2, encodeMs: null });
    expect(w.counts).toEqual({ opened: 1, closed: 1 });
    await w.worker.handle({ ...visit, visit: 2 });
    expect(w.counts.opened).toBe(2);
    expect(w.said.at(-1)).toMatchObject({ type: "visited", visit: 2, warmup: { calls: 1, ended: "calls" } });
    expect(w.said.at(-1)).not.toHaveProperty("error");
  });

  it("says that a connection could not be opened, in the client's own words", async () => {
    const w = await working([], { refuse: true });
    await w.worker.handle(visit);
    expect(w.said).toEqual([
      {
        type: "visited",
        visit: 1,
        error: { code: "UNAVAILABLE", message: "127.0.0.1:8500: connection refused", opening: true },
      },
    ]);
  });

  it("keeps one connection for all visits to the same server by the same client kind", async () => {
    const w = await working([]);
    await w.worker.handle(visit);
    await w.worker.handle({ ...visit, visit: 2, model: "rfcn" });
    expect(w.counts.opened).toBe(1);
    await w.worker.handle({ type: "close" });
    expect(w.counts.closed).toBe(1);
  });

  it("opens a connection for each call in flight, warms each of them up, and reports after the calls", async () => {
    const w = await working([]);
    await w.worker.handle({ ...visit, concurrency: 3, calls: 6, keepAnswer: false });
    expect(w.counts.opened).toBe(3);
    expect(w.said.filter((m) => m.type === "call" && m.phase === "warmup")).toHaveLength(3);
    expect(w.said.filter((m) => m.type === "call" && m.phase === "measure")).toHaveLength(6);
  });

  it("says what the client's own process did meanwhile, and how long its own work took", async () => {
    const w = await working([]);
    await w.worker.handle(visit);
    expect(w.said.at(-1)).toMatchObject({
      type: "visited",
      client: { ownWorkMs: 5, gcPauses: expect.any(Number) as number },
    });
  });

  it("counts the latency of an open loop's call from when it was due", async () => {
    const w = await working([]);
    await w.worker.handle({ ...visit, ratePerSecond: 1000, calls: 3, keepAnswer: false });
    const calls = w.said.filter((m) => m.type === "call" && m.phase === "measure");
    expect(calls).toHaveLength(3);
    for (const call of calls) {
      if (call.type !== "call") continue;
      expect(call.totalMs).toBeCloseTo(15 + (call.lateMs ?? NaN), 9);
      expect(call.intendedAt).toMatch(/^\d{4}-/);
    }
  });

  it("looks at the server's own clock after the warm-up and after the last measured call, and never in between", async () => {
    const order: string[] = [];
    const reading = { requests: { count: 2, sumMs: 5, stepMs: 0.1 }, runs: { count: 2, sumMs: 4, stepMs: 0.1 } };
    const kind: ClientKind = {
      ...{ name: "fake", protocol: "rest", input: "pixels", about: "" },
      create: (): Client => ({
        open: () => Promise.resolve(),
        call: () => (order.push("call"), Promise.resolve(good)),
        close: () => Promise.resolve(),
      }),
    };
    const said: FromWorker[] = [];
    const metrics: MetricsReader = {
      look: (place, model, protocol) => {
        order.push(`look at ${place.address}:${place.port}${place.path} for ${model} over ${protocol}`);
        return Promise.resolve(() => (order.push("look again"), Promise.resolve(reading)));
      },
      close: () => Promise.resolve(),
    };
    const worker = createWorker((m) => said.push(m), { kinds: [kind], metrics });
    await worker.handle(image);
    await worker.handle({ ...visit, metrics: { port: 8501, path: "/m" } });
    expect(order).toEqual(["call", "look at 127.0.0.1:8501/m for ssd over rest", "call", "call", "look again"]);
    expect(said.at(-1)).toMatchObject({ type: "visited", server: reading });
  });
});

describe("a reader of metrics", () => {
  it("says what was added between two looks, and why there is nothing to be read", async () => {
    let served = 0;
    const server = createServer((request, response) => {
      if (request.url !== "/metrics") return response.writeHead(404).end("not here");
      const labels = '{model_name="ssd",API="Predict",entrypoint="GRPC"}';
      served += 3;
      return response.end(
        `:tensorflow:serving:request_latency_sum${labels} ${served * 1000}\n` +
          `:tensorflow:serving:request_latency_count${labels} ${served}\n`,
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    let nowMs = 0;
    const reader = metricsReader(() => nowMs);
    const place = { address: "127.0.0.1", port, path: "/metrics" };
    const again = await reader.look(place, "ssd", "grpc");
    expect(await again()).toMatchObject({ requests: { count: 3, sumMs: 3 }, runs: { count: 0 } });
    const missing = await reader.look({ ...place, path: "/other" }, "ssd", "grpc");
    expect(await missing()).toEqual({ unread: "/other: HTTP 404" });
    await reader.close();
    await new Promise((resolve) => server.close(resolve));
    const gone = await reader.look(place, "ssd", "grpc");
    expect(await gone()).toMatchObject({ unread: expect.stringContaining("/metrics: ") as string });
    // A place that was silent is asked again after a minute, and not before.
    const back = createServer((_, response) => response.end("\n"));
    await new Promise<void>((resolve) => back.listen(port, "127.0.0.1", resolve));
    const look = async () => (await reader.look(place, "ssd", "grpc"))();
    expect(await look()).toHaveProperty("unread");
    nowMs = 61_000;
    expect(await look()).toMatchObject({ requests: { count: 0 } });
    await reader.close();
    await new Promise((resolve) => back.close(resolve));
  });
});
