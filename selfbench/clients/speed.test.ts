import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { messages } from "../../protos/index.ts";
import { decodePredictResponse } from "../../clients/tf-serving/messages/decode.ts";
import { decodePredictAnswer } from "../../clients/tf-serving/json-decode.ts";
import { median } from "../../bench/stats/math/quantile.ts";
import { judge, type Verdict } from "./goals.ts";
import { writeKserve } from "./kserve.ts";
import { GRPC_BOXES, IMAGE_SHAPE, REST_BOXES, makePayload } from "./payload.ts";
import { percentile, phasesOf, ratioSpread, turnOf, type Turn } from "./stats.ts";
import { orderOf } from "./race.ts";
import { reportText } from "./tables.ts";

const turn = (p50Ms: number, p99Ms = p50Ms): Turn => ({ calls: 10, p50Ms, p90Ms: p50Ms, p99Ms });

describe("figures", () => {
  it("are nearest-rank percentiles of all calls", () => {
    const values = Array.from({ length: 200 }, (_, i) => 200 - i);
    expect(turnOf(values)).toEqual({ calls: 200, p50Ms: 100, p90Ms: 180, p99Ms: 198 });
    expect(percentile([5], 0.99)).toBe(5);
    expect(percentile([], 0.5)).toBeNaN();
  });

  it("are ratios of turns side by side, not of medians", () => {
    expect(ratioSpread([1, 10, 4], [2, 5, 4])).toEqual({ median: 1, min: 0.5, max: 2 });
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it("are ratios of what is above a share of the same turn, and infinite where nothing is", () => {
    expect(ratioSpread([3, 13, 5], [5, 15, 9], [2, 10, 4])).toEqual({ median: 1 / 3, min: 0.2, max: 0.6 });
    expect(ratioSpread([3], [2], [2]).min).toBe(Infinity);
    expect(ratioSpread([3], [1], [2]).min).toBe(Infinity);
  });

  it("of phases leave out what the client does not see", () => {
    const timing = { encodeMs: 1, sendMs: null, waitMs: null, receiveMs: 3, decodeMs: 4, totalMs: 9 };
    expect(phasesOf([timing, { ...timing, encodeMs: 3 }])).toEqual({
      ...{ encodeMs: 2, sendMs: null, waitMs: null, receiveMs: 3, decodeMs: 4 },
    });
  });
});

describe("goals", () => {
  it("are met up to their limit and missed beyond", () => {
    const verdicts = judge({ rest: [turn(2, 8)], "rest-body": [turn(1.1, 4.5)], wrk: [turn(1)] });
    expect(verdicts.map((v) => [v.title, v.met])).toEqual([
      ["REST ready-made body, against wrk", true],
      ["REST ready-made body, p99 against its own p50", false],
      ["REST whole call, p99 against its own p50", true],
    ]);
  });

  it("about own overhead take the bare client off both sides, whatever the server's share is", () => {
    const title = "KServe gRPC own overhead, against perf_analyzer's";
    const verdict = (serverMs: number, ours: number, theirs: number) =>
      judge({
        "kserve-grpc": [turn(serverMs + ours)],
        "perf_analyzer-grpc": [turn(serverMs + theirs)],
        "bare-grpc": [turn(serverMs)],
      }).find((v) => v.title === title);
    for (const serverMs of [0, 0.125, 8]) {
      expect(verdict(serverMs, 0.125, 1)).toMatchObject({ limit: 0.2, ratio: { median: 0.125 }, met: true });
      expect(verdict(serverMs, 0.25, 1)).toMatchObject({ ratio: { median: 0.25 }, met: false });
      expect(verdict(serverMs, 0.125, 1)?.wholeCalls?.median).toBe((serverMs + 0.125) / (serverMs + 1));
      // A yardstick that is as fast as the bare client has no overhead that could be compared.
      expect(verdict(serverMs, 0.125, 0)?.met).toBe(false);
    }
    const noBare = judge({ "kserve-grpc": [turn(1)], "perf_analyzer-grpc": [turn(9)] });
    expect(noBare.map((v) => v.title)).not.toContain(title);
  });

  it("are not judged where one of the two did not run", () => {
    expect(judge({ probe: [turn(1)] }).map((v) => v.title)).toEqual(["gRPC whole call, p99 against its own p50"]);
  });
});

describe("turns", () => {
  it("put every client first, and before and after each other one, equally often", () => {
    const names = ["a", "b", "c"];
    const orders = Array.from({ length: 6 }, (_, turn) => orderOf(names, turn));
    for (const name of names) expect(orders.filter((order) => order[0] === name)).toHaveLength(2);
    for (const [one, other] of ["ab", "bc", "ac"].map((pair) => [...pair] as [string, string]))
      expect(orders.filter((order) => order.indexOf(one) < order.indexOf(other))).toHaveLength(3);
  });
});

describe("the payload", () => {
  const payload = makePayload(1000);

  it("has the sizes that the goals are stated for", () => {
    expect(payload.grpcRequest.length).toBe(921_676);
    expect(Math.abs(payload.grpcAnswer.length - 12_000)).toBeLessThan(1000);
    expect(Math.abs(payload.restAnswer.length - 12_000)).toBeLessThan(2500);
    expect(makePayload(1000).grpcRequest.equals(payload.grpcRequest)).toBe(true);
  });

  it("holds the same pixels in both protocols", () => {
    const type = messages().lookupType("tensorflow.serving.PredictRequest");
    const sent = type.decode(payload.grpcRequest) as unknown as { inputs: { inputs: { tensor_content: Uint8Array } } };
    const rows = JSON.parse(payload.restRequest.toString()) as { instances: number[][][][] };
    expect(Buffer.from(rows.instances.flat(3)).equals(Buffer.from(sent.inputs.inputs.tensor_content))).toBe(true);
  });

  it("lies ready for the bare client, as bytes that a server of KServe's protocol takes", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lathe-bare-"));
    try {
      const { requests } = await writeKserve(payload.request, folder);
      const pixels = payload.request.inputs["inputs"]?.data as Uint8Array;
      const http = await readFile(requests.rest);
      const head = http.subarray(0, http.indexOf("\r\n\r\n") + 4);
      const body = http.subarray(head.length);
      const lengthOf = (name: string) =>
        Number(new RegExp(`\r\n${name}: (\\d+)\r\n`).exec(head.toString("latin1"))?.[1]);
      expect(lengthOf("content-length")).toBe(body.length);
      const json = body.subarray(0, lengthOf("inference-header-content-length"));
      expect(JSON.parse(json.toString())).toMatchObject({ inputs: [{ name: "inputs", shape: [...IMAGE_SHAPE] }] });
      expect(body.subarray(json.length).equals(pixels)).toBe(true);
      expect((await readFile(requests.grpc)).subarray(-pixels.length).equals(pixels)).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("has answers that both decoders take", () => {
    expect(decodePredictResponse(payload.grpcAnswer)["detection_boxes"]?.shape).toEqual([1, GRPC_BOXES, 4]);
    expect(decodePredictAnswer(payload.restAnswer.toString())["detection_boxes"]?.shape).toEqual([1, REST_BOXES, 4]);
  });
});

describe("the report", () => {
  const report = (nice: number, verdicts: readonly Verdict[] = []) => {
    const bytes = { grpcRequest: 921_676, grpcAnswer: 1, restRequest: 1, restAnswer: 1 };
    return reportText({
      plan: { rounds: 5, turns: 7, calls: 400, warm: 200, warmSeconds: 3 },
      nice,
      bytes,
      results: [],
      verdicts,
    });
  };

  it("has the ratio of whole calls beside that of own overheads", () => {
    const spread = (median: number) => ({ median, min: median, max: median });
    const verdict = { title: "own overhead", limit: 0.2, ratio: spread(0.125), wholeCalls: spread(0.25), met: true };
    expect(report(0, [verdict])).toMatch(/own overhead +0\.125 +0\.125–0\.125 +0\.200 +met +0\.250/);
  });

  it("says whether others could keep the clients from a processor", () => {
    expect(report(-20)).toContain("ran at nice -20, before everything else on the machine");
    expect(report(0)).toContain("ran at nice 0. Other programs may have delayed calls");
  });
});
