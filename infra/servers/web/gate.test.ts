import { afterEach, beforeEach, expect, it } from "vitest";
import { httpServer, type Asked } from "../../../clients/testing/loopback.ts";
import type { GateModel, GateRun } from "../../gate/spec.ts";
import { FakeDocker } from "../../gate/testing/docker.ts";
import { ready } from "./gate.ts";

const model: GateModel = { name: "m", version: 3, signature: "serving_default", input: "inputs" };

let docker: FakeDocker;
beforeEach(() => void (docker = new FakeDocker()));
afterEach(() => docker.remove());

/** Waits for a model of a server of two workers, so many seconds; gives what was asked, and the error's words. */
async function isReady(answer: (asked: Asked, nth: number) => readonly [number, string], seconds = 60) {
  const paths: string[] = [];
  const server = await httpServer((asked) => answer(asked, paths.push(asked.path)));
  const run = {
    ...{
      target: null,
      container: "flask",
      containerId: "c",
      address: "127.0.0.1",
      timeoutSeconds: 60,
      restartsBefore: 0,
    },
    endpoints: [{ api: "plain-rest", protocol: "rest", security: "none", port: server.port, containerPort: 8000 }],
    env: { WEB_CONCURRENCY: "2" },
  } as unknown as GateRun;
  try {
    const error = await ready(run, model, performance.now() + 1000 * seconds).then(() => "", String);
    return { paths, error };
  } finally {
    server.close();
  }
}
const from = (worker: number) => [200, JSON.stringify({ outputs: { x: [[1]] }, worker })] as const;

it("a model is ready once each worker has answered a request for its version", async () => {
  const { paths, error } = await isReady((_, nth) => from(7 + (nth % 2)));
  expect([new Set(paths), error]).toEqual([new Set(["/predict/m/3"]), ""]);
});

it("a worker that cannot load the model is told at once, with its reason", async () => {
  const { error } = await isReady((_, nth) =>
    nth % 2 === 0 ? from(1) : [500, JSON.stringify({ error: "model m version 3 cannot be loaded: Can't parse it" })],
  );
  expect(error).toMatch(/model m does not predict: INTERNAL: .*cannot be loaded: Can't parse it/);
});

it("a worker that never answers keeps the gate closed, and is counted", async () => {
  const { error } = await isReady(() => from(1), 2);
  expect(error).toMatch(/model m is not served by all workers .*[01] of 2 workers have answered/s);
});

it("workers that die again and again for want of memory are told as that", async () => {
  docker.says("events", "oom\noom\n");
  const { error } = await isReady(() => from(1));
  expect(error).toMatch(/its processes keep dying \(out of memory: raise lathe:memoryMiB\)/);
});
