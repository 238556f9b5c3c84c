import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { methodPaths } from "../../protos/index.ts";
import { clientKind } from "../../clients/registry.ts";
import { GrpcChannel } from "../../clients/transport/grpc-channel.ts";
import { HttpConnection } from "../../clients/transport/http.ts";
import { GRPC_BOXES, MODEL, REST_BOXES, makePayload } from "./payload.ts";
import { phasesOf } from "./stats.ts";
import { kserveAnswers } from "./kserve.ts";
import type { ClientKind, Timing } from "../../clients/client.ts";

/*
 * Our clients, each in a process of its own: `node own.ts MODE PORT`. For each line on stdin, {"calls": N, "seconds": S}, it makes
 * at least N calls for at least S seconds, checks every answer's status and length, and prints their latencies and the medians of
 * their phases.
 */

const TIMEOUT_MS = 30_000;
const payload = makePayload(TIMEOUT_MS);

/** Makes one call and checks its answer. @returns its phases; null if the client has none */
type Call = () => Promise<Timing | null>;

async function wholeCall(port: number, client: string): Promise<Call> {
  const kind = clientKind(client);
  const opened = kind.create("127.0.0.1", port);
  await opened.open(TIMEOUT_MS);
  const [answerBytes, boxes] = expected(kind);
  return async () => {
    const result = await opened.call(payload.request);
    if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
    if (result.responseBytes !== answerBytes || result.outputs["detection_boxes"]?.data.length !== 4 * boxes)
      throw new Error(`an answer of ${result.responseBytes} bytes, not ${answerBytes}`);
    return result.timing;
  };
}

/** Bytes of the answer, and its boxes. */
function expected({ api, protocol }: ClientKind): readonly [bytes: number, boxes: number] {
  if (api === "kserve-v2") return [kserveAnswers()[protocol === "rest" ? "http" : "grpc"].length, GRPC_BOXES];
  return protocol === "rest" ? [payload.restAnswer.length, REST_BOXES] : [payload.grpcAnswer.length, GRPC_BOXES];
}

async function probeBytes(port: number): Promise<Call> {
  const channel = new GrpcChannel("127.0.0.1", port);
  await channel.open(TIMEOUT_MS);
  const message = { pieces: [payload.grpcRequest], length: payload.grpcRequest.length };
  return async () => {
    const answer = await channel.unary(methodPaths.predict, message, TIMEOUT_MS);
    if (answer.body.length !== payload.grpcAnswer.length) throw new Error(`an answer of ${answer.body.length} bytes`);
    return null;
  };
}

async function restBody(port: number): Promise<Call> {
  const connection = new HttpConnection("127.0.0.1", port);
  await connection.open(TIMEOUT_MS, "REST");
  return async () => {
    const path = `/v1/models/${MODEL}:predict`;
    const answer = await connection.exchange("POST", path, payload.restRequest, TIMEOUT_MS);
    if (answer.status !== 200 || answer.body.length !== payload.restAnswer.length)
      throw new Error(`status ${answer.status}, ${answer.body.length} bytes`);
    return null;
  };
}

const [mode = "", port = ""] = process.argv.slice(2);
const make = { "probe-bytes": probeBytes, "rest-body": restBody }[mode] ?? wholeCall;
const call = await make(Number(port), mode);
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const { calls, seconds } = JSON.parse(line) as { calls: number; seconds: number };
  const until = performance.now() + seconds * 1000;
  const latenciesMs: number[] = [];
  const timings: Timing[] = [];
  for (let now = 0; latenciesMs.length < calls || now < until;) {
    const startAt = performance.now();
    const timing = await call();
    now = performance.now();
    latenciesMs.push(now - startAt);
    if (timing !== null) timings.push(timing);
  }
  say({ latenciesMs, phases: phasesOf(timings) });
}
process.exit(0);
