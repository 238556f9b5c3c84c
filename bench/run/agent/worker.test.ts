import { describe, expect, it } from "vitest";
import type { CallResult, Client, ClientKind, PredictRequest } from "../../../clients/client.ts";
import type { LoadMode } from "../../loads/load.ts";
import { LOAD_MODES, PLAIN_LOAD } from "../../loads/registry.ts";
import { jumpingClock } from "../../loads/testing/clock.ts";
import type { MetricsReader } from "./metrics.ts";
import type { FromWorker, VisitMessage } from "./protocol.ts";
import type { Watch } from "./watch.ts";
import { Worker, type WorkerWorld } from "./worker.ts";

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
  client: "fake",
  address: "127.0.0.1",
  port: 8500,
  model: "ssd",
  image: "image-1",
  warmup: 1,
  warmupAtMost: 1,
  load: PLAIN_LOAD,
  leadIn: 0,
  calls: 2,
  blockMs: 1000,
  timeoutMs: 1000,
  keepAnswer: true,
};
const image = { type: "image", name: "image-1", width: 2, height: 1, rgb: "AQIDBAUG", file: "/9g=" } as const;

/** A client kind whose clients do nothing but these calls. */
function kindOf(call: Client["call"], client: Partial<Client> = {}, input: ClientKind["input"] = "pixels"): ClientKind {
  const nothing = () => Promise.resolve();
  return {
    ...{ name: "fake", api: "letters", protocol: "pigeon", input, isDefault: true, about: "" },
    create: () => ({ open: nothing, close: nothing, call, ...client }),
  };
}

/** A watch that looks at nothing, at once: no test's clock waits for it. */
const blindWatch: Watch = {
  start: () => {},
  stop: (ownWorkMs) => {
    const loop = { loopMeanMs: 0, loopP99Ms: 0, loopMaxMs: 0, loopBusy: 0 };
    return Promise.resolve({ spanMs: 0, ...loop, ownWorkMs, gcPauses: 0, gcMs: 0, gcMaxMs: 0 });
  },
};

/** A worker over a client that gives these results in turn. */
async function working(
  results: CallResult[],
  options: Partial<WorkerWorld> & { input?: "pixels" | "file"; refuse?: boolean } = {},
) {
  const said: FromWorker[] = [];
  const requests: PredictRequest[] = [];
  const counts = { opened: 0, closed: 0 };
  const call = (request: PredictRequest) => {
    requests.push(request);
    return Promise.resolve(results.shift() ?? good);
  };
  const open = () => {
    counts.opened += 1;
    return options.refuse ? Promise.reject(new Error("127.0.0.1:8500: connection refused")) : Promise.resolve();
  };
  const close = () => {
    counts.closed += 1;
    return Promise.resolve();
  };
  const kind = kindOf(call, { open, close }, options.input);
  const worker = new Worker((m) => said.push(m), { kinds: [kind], ...options });
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

  it("tells the shortest round trip of its connections once a visit, after the last call, where it is asked for", async () => {
    const did: string[] = [];
    const known = { port: 1, congestion: "cubic", mss: 1448, cwnd: 10, rttMs: 8, rtoMs: 220, idleMs: 0 };
    const counters = { sentBytes: 1, ackedBytes: 1, receivedBytes: 1, retransmits: 0 };
    const sample = { ...known, ...counters, minRttMs: 7, windowLimitedMs: 0, bufferLimitedMs: 0 };
    const tcp = {
      read: (address: string, port: number) => (did.push(`${address} ${port}`), Promise.resolve([sample])),
      close: () => Promise.resolve(),
    };
    const w = await working([], { tcp });
    await w.worker.handle(visit);
    expect([did, w.said.at(-1)]).toEqual([[], expect.not.objectContaining({ minRttMs: 7 })]);
    await w.worker.handle({ ...visit, roundTrip: true });
    expect([did, w.said.at(-1)]).toEqual([["127.0.0.1 8500"], expect.objectContaining({ minRttMs: 7 })]);
  });

  it("spreads its connections over a server's replicas in turn, and calls each before it measures", async () => {
    const called: number[] = [];
    const kind: ClientKind = {
      ...kindOf(() => Promise.resolve(good)),
      create: (_, port) => ({
        ...{ open: () => Promise.resolve(), close: () => Promise.resolve() },
        call: () => (called.push(port), Promise.resolve(good)),
      }),
    };
    const said: FromWorker[] = [];
    const worker = new Worker((m) => said.push(m), { kinds: [kind] });
    await worker.handle(image);
    const replicated = { ...visit, otherPorts: [8600, 8700], load: { mode: "closed-loop", concurrency: 6 }, calls: 12 };
    await worker.handle(replicated);
    expect(called.slice(0, 6)).toEqual([8500, 8600, 8700, 8500, 8600, 8700]);
    const measured = called.slice(6);
    expect(measured).toHaveLength(12);
    expect([8500, 8600, 8700].map((port) => measured.filter((p) => p === port).length)).toEqual([4, 4, 4]);
    // One connection goes to one replica, as it would behind a balancer of connections.
    called.length = 0;
    await worker.handle({ ...visit, otherPorts: [8600, 8700] });
    expect(new Set(called)).toEqual(new Set([8500]));
    // A server that has no more replicas is another: its connections are new.
    await worker.handle({ ...visit, load: { mode: "closed-loop", concurrency: 2 } });
    expect(new Set(called)).toEqual(new Set([8500]));
    expect(said.filter((m) => m.type === "visited")).not.toContainEqual(
      expect.objectContaining({ error: expect.anything() as object }),
    );
  });

  it("spreads an open loop's calls over a server's replicas, as many to each where none of them is busy", async () => {
    const called: number[] = [];
    const { clock, run } = jumpingClock();
    const kind: ClientKind = {
      ...kindOf(() => Promise.resolve(good)),
      create: (_, port) => ({
        ...{ open: () => Promise.resolve(), close: () => Promise.resolve() },
        call: () => (called.push(port), Promise.resolve(good)),
      }),
    };
    const worker = new Worker(() => {}, { kinds: [kind], clock, watch: blindWatch });
    await worker.handle(image);
    const load = { mode: "constant-rate", ratePerSecond: 50, concurrency: 4 };
    const plan = { load, warmup: 0, warmupAtMost: 0, calls: 20, blockMs: 1e6 };
    await run(worker.handle({ ...visit, otherPorts: [8600], ...plan }));
    expect([8500, 8600].map((port) => called.filter((p) => p === port).length)).toEqual([10, 10]);
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

  it("counts an answer that is too large to be kept, and goes on with the next visit", async () => {
    const huge = { x: { dtype: "DT_FLOAT", shape: [50_000_000], data: new Float32Array(50_000_000) } } as const;
    const w = await working([
      good,
      { ...good, outputs: { ...huge, name: { dtype: "DT_STRING", shape: [], data: [] } } },
    ]);
    await w.worker.handle(visit);
    expect(w.said[2]).toEqual({ type: "answer", visit: 1, outputs: {}, tooLarge: 50_000_000 });
    expect(w.said.at(-1)).not.toHaveProperty("error");
    await w.worker.handle({ ...visit, visit: 2 });
    expect(w.said.at(-2)).toMatchObject({ type: "call", visit: 2, ok: true });
    expect(w.said.find((m) => m.type === "answer" && m.visit === 2)).not.toHaveProperty("tooLarge");
  });

  it("keeps values of every type, and leaves out what has none", async () => {
    const outputs = {
      half: { dtype: "DT_HALF", shape: [2], data: Uint16Array.of(0x3c00, 0xfc00) },
      brain: { dtype: "DT_BFLOAT16", shape: [1], data: Uint16Array.of(0xc020) },
      big: { dtype: "DT_UINT64", shape: [1], data: BigUint64Array.of(7n) },
      complex: { dtype: "DT_8", shape: [1], data: new Uint8Array(8) },
      words: { dtype: "DT_STRING", shape: [1], data: [new Uint8Array(1)] },
    } as const;
    const w = await working([good, { ...good, outputs }]);
    await w.worker.handle(visit);
    expect(w.said[2]).toEqual({
      ...{ type: "answer", visit: 1 },
      outputs: {
        half: { dtype: "DT_HALF", shape: [2], values: [1, -Infinity] },
        brain: { dtype: "DT_BFLOAT16", shape: [1], values: [-2.5] },
        big: { dtype: "DT_UINT64", shape: [1], values: [7] },
      },
    });
  });

  it("ends a visit that a fault of its own broke, says why, and makes the next", async () => {
    const calls = [() => Promise.reject(new RangeError("Invalid string length")), () => Promise.resolve(good)];
    const w = await working([], {
      kinds: [kindOf(() => (calls.shift() ?? calls[0] ?? (() => Promise.resolve(good)))())],
    });
    await w.worker.handle(visit);
    expect(w.said.at(-1)).toMatchObject({ visit: 1, error: { code: "INTERNAL", message: "Invalid string length" } });
    await w.worker.handle({ ...visit, visit: 2 });
    expect(w.said.at(-1)).toMatchObject({ type: "visited", visit: 2 });
    expect(w.said.at(-1)).not.toHaveProperty("error");
  });

  it("tells which calls the client made twice", async () => {
    const failed = { ok: false, error: { code: "UNAVAILABLE", message: "x" }, totalMs: 1, retried: true } as const;
    const w = await working([good, { ...good, retried: true }, failed]);
    await w.worker.handle(visit);
    expect(w.said.flatMap((m) => (m.type === "call" ? [m.retried] : []))).toEqual([undefined, true, true]);
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
    await w.worker.handle({ ...visit, load: { ...PLAIN_LOAD, concurrency: 3 }, calls: 6, keepAnswer: false });
    expect(w.counts.opened).toBe(3);
    expect(w.said.filter((m) => m.type === "call" && m.phase === "warmup")).toHaveLength(3);
    expect(w.said.filter((m) => m.type === "call" && m.phase === "measure")).toHaveLength(6);
  });

  it("lets no connection wait for its first call: each is opened just before it, since servers keep threads for those that are open", async () => {
    const happened: string[] = [];
    const call = () => (happened.push("call"), Promise.resolve(good));
    const open = () => (happened.push("open"), Promise.resolve());
    const w = await working([], { kinds: [kindOf(call, { open })] });
    await w.worker.handle({ ...visit, load: { ...PLAIN_LOAD, concurrency: 3 }, calls: 3 });
    expect(happened.join(" ")).toBe("open call open call open call call call call");
    // Without a warm-up all are there before the measured calls.
    happened.length = 0;
    const cold = { ...visit, port: 8600, load: { ...PLAIN_LOAD, concurrency: 2 }, warmup: 0, warmupAtMost: 0 };
    await w.worker.handle(cold);
    expect(happened.join(" ")).toBe("open open call call");
  });

  it("says what the client's own process did meanwhile, and how long its own work took", async () => {
    const w = await working([]);
    await w.worker.handle(visit);
    expect(w.said.at(-1)).toMatchObject({
      type: "visited",
      client: { ownWorkMs: 5, gcPauses: expect.any(Number) as number },
    });
  });

  it("counts a call's latency from when it was due, where the load says when", async () => {
    const { clock, run } = jumpingClock();
    const tookMs = [300, 20, 20];
    const call = async () => {
      const totalMs = tookMs.shift() ?? 0;
      await clock.until(clock.now() + totalMs);
      return { ...good, timing: { ...timing, totalMs } };
    };
    const w = await working([], { clock, watch: blindWatch, kinds: [kindOf(call)] });
    const load = { mode: "constant-rate", ratePerSecond: 10, concurrency: 1 };
    await run(w.worker.handle({ ...visit, load, warmup: 0, warmupAtMost: 0, calls: 3, keepAnswer: false }));
    const calls = w.said.filter((m) => m.type === "call");
    expect(calls.map((m) => [m.phase, m.lateMs, m.totalMs])).toEqual([
      ["measure", 0, 300],
      ["measure", 200, 220],
      ["measure", 120, 140],
    ]);
    for (const call of calls) expect(call.intendedAt).toMatch(/^\d{4}-/);
  });

  it("reports the calls of a lead-in as warm-up, and reads the server's own clock around all of them", async () => {
    const order: string[] = [];
    const w = await working([], { metrics: metricsThat(order) });
    const load = { mode: "constant-rate", ratePerSecond: 1000, concurrency: 1 };
    await w.worker.handle({ ...visit, load, leadIn: 2, warmup: 0, warmupAtMost: 0, metrics: PAGE });
    expect(w.said.flatMap((m) => (m.type === "call" ? m.phase : []))).toEqual([
      ...["warmup", "warmup", "measure", "measure"],
    ]);
    expect(order.at(-1)).toBe("read again");
    const measured = w.said.flatMap((m) => (m.type === "call" && m.phase === "measure" ? [m] : []));
    // Due one after the other at the rate, whenever they began; nothing but the client itself makes them late.
    const due = measured.map(({ beginMs = NaN, lateMs = NaN }) => beginMs - lateMs);
    expect((due[1] ?? NaN) - (due[0] ?? NaN)).toBeCloseTo(1, 3);
    for (const { lagMs = NaN, lateMs = NaN } of measured) expect(lagMs).toBeLessThanOrEqual(lateMs + 1e-3);
  });

  it("says nothing while calls are due at times of their own, on one connection, too: then all that came of them", async () => {
    const { clock, run } = jumpingClock();
    const order: string[] = [];
    const window = { bytes: 65_535, waits: 2 };
    const call = () => (order.push("call"), Promise.resolve({ ...good, requestWindow: window, retried: true }));
    const kinds = [kindOf(call)];
    const said: FromWorker[] = [];
    const emit = (m: FromWorker) => (order.push(`say ${m.type}`), said.push(m));
    const worker = new Worker(emit, { kinds, clock, watch: blindWatch });
    await worker.handle(image);
    const load = { mode: "constant-rate", ratePerSecond: 10, concurrency: 1 };
    await run(worker.handle({ ...visit, load, warmup: 0, warmupAtMost: 0, calls: 3 }));
    expect(order).toEqual([
      ...["call", "call", "call"],
      ...["say call", "say call", "say call", "say answer", "say visited"],
    ]);
    expect(said[1]).toMatchObject({ ...timing, ok: true, retried: true, requestWindow: window, responseBytes: 50 });
    expect(said[3]).toMatchObject({ outputs: { num_detections: { values: [7] } } });
  });

  it("makes calls by any load mode that it is given, and says which it has not", async () => {
    const backwards: LoadMode = {
      ...(LOAD_MODES[0] as LoadMode),
      mode: "backwards",
      connections: () => 2,
      run: async (_load, { calls }, { call, done, clock }) => {
        for (let i = calls - 1; i >= 0; i--)
          done({ result: await call(i % 2), startAt: clock.now(), intendedAt: null, leadIn: false });
      },
    };
    const w = await working([], { modes: [...LOAD_MODES, backwards] });
    await w.worker.handle({ ...visit, load: { mode: "backwards" }, calls: 3 });
    expect(w.counts.opened).toBe(2);
    expect(w.said.filter((m) => m.type === "call" && m.phase === "measure")).toHaveLength(3);
    await w.worker.handle({ ...visit, load: { mode: "tides" } });
    expect(w.said.at(-1)).toMatchObject({
      error: { code: "INTERNAL", message: 'this worker has no load mode "tides"' },
    });
  });

  it("reads the server's own clock after the warm-up and after the last measured call, and never in between", async () => {
    const order: string[] = [];
    const call = () => (order.push("call"), Promise.resolve(good));
    const w = await working([], { metrics: metricsThat(order), kinds: [kindOf(call)] });
    await w.worker.handle({ ...visit, metrics: PAGE });
    expect(order).toEqual([
      ...["call", "read letters 127.0.0.1:8501/m for ssd over pigeon", "call", "call", "read again"],
    ]);
    expect(w.said.at(-1)).toMatchObject({ type: "visited", server: READING });
  });
});

const PAGE = { api: "letters", protocol: "pigeon", port: 8501, path: "/m" };
const READING = { requests: { count: 2, sumMs: 5, stepMs: 0.1 }, runs: { count: 2, sumMs: 4, stepMs: 0.1 } };

/** A reader that notes when it reads. */
function metricsThat(order: string[]): MetricsReader {
  return {
    read: ({ api, address, port, path, protocol }, model) => {
      order.push(`read ${api} ${address}:${port}${path} for ${model} over ${protocol}`);
      return Promise.resolve(() => (order.push("read again"), Promise.resolve(READING)));
    },
    close: () => Promise.resolve(),
  };
}
