import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encoded } from "../../../clients/kserve-v2/testing/messages.ts";
import { grpcServer, httpServer } from "../../../clients/testing/loopback.ts";
import type { GateModel, GateRun } from "../../gate/spec.ts";
import { FakeDocker } from "../../gate/testing/docker.ts";
import { checkConfigs, ready, smoke } from "./gate.ts";

const model: GateModel = { name: "m", version: 3, signature: "serving_default", input: "inputs" };

let docker: FakeDocker;
beforeEach(() => void (docker = new FakeDocker()));
afterEach(() => docker.remove());

/** Runs a gate's step against a Triton that answers in turn, the last answer for good. Gives what was asked, and the error's words. */
async function against(answers: readonly Buffer[], step: (run: GateRun, deadline: number) => Promise<void>) {
  const asked: string[] = [];
  const server = await grpcServer((path) => {
    asked.push(path.split("/").at(-1) ?? "");
    return answers[Math.min(asked.length, answers.length) - 1] ?? Buffer.alloc(0);
  });
  const run = {
    ...{ target: null, container: "triton", address: "127.0.0.1", timeoutSeconds: 60, restartsBefore: 0 },
    endpoints: [{ api: "kserve-v2", protocol: "grpc", security: "none", port: server.port, containerPort: 8001 }],
    models: [model],
    serving: { instances: 2, configured: { "instance_group.count": "2", max_batch_size: "0" } },
  } as unknown as GateRun;
  try {
    return { asked, error: await step(run, performance.now() + 60_000).then(() => "", String) };
  } finally {
    server.close();
  }
}

const index = (state: string, reason = "", version = "3") =>
  encoded("RepositoryIndexResponse", { models: [{ name: "m", version, state, reason }] });
const isReady = (answers: readonly Buffer[]) => against(answers, (run, deadline) => ready(run, model, deadline));

describe("a model", () => {
  it("is ready once Triton says so of its version, and is waited for until then", async () => {
    expect(await isReady([index("READY")])).toEqual({ asked: ["RepositoryIndex"], error: "" });
    expect(await isReady([index("LOADING"), index("READY")])).toMatchObject({ asked: { length: 2 }, error: "" });
  });

  it.each(["3", ""])("that Triton could not load (version %j) is told at once, with its reason", async (version) => {
    const reason = "unable to find backend library for backend 'tensorflow'";
    const { asked, error } = await isReady([index("UNAVAILABLE", reason, version)]);
    expect(asked).toHaveLength(1);
    expect(error).toMatch(/model m version 3 cannot be loaded: .*unable to find backend library/);
    expect(error).not.toContain("memory");
  });

  it("whose process was out of memory is told with what to raise", async () => {
    docker.says("exec", "2\n");
    const { error } = await isReady([index("UNAVAILABLE", "Stub process 'm_0' is not healthy.")]);
    expect(error).toMatch(/not healthy.*out of memory: raise lathe:memoryMiB/);
  });
});

describe("a model's first answer", () => {
  const good = JSON.stringify({ outputs: [{ name: "scores", shape: [1], datatype: "FP32", data: [1] }] });
  const starved = JSON.stringify({ error: "Stub process 'm_0_0' is not healthy." });
  /** Asks over HTTP alone, of a Triton that answers in turn, the last answer for good. */
  async function firstAnswer(answers: readonly (readonly [status: number, text: string])[], forMs = 60_000) {
    let asked = 0;
    const server = await httpServer(() => answers[Math.min(++asked, answers.length) - 1] ?? [500, ""]);
    const endpoints = [
      { api: "kserve-v2", protocol: "rest", security: "none", port: server.port, containerPort: 8000 },
    ];
    const where = { target: null, container: "triton", address: "127.0.0.1", timeoutSeconds: 60, restartsBefore: 0 };
    const run = {
      ...where,
      endpoints,
      models: [model],
      serving: { instances: 1, configured: {} },
    } as unknown as GateRun;
    const error = await smoke(run, model, performance.now() + forMs).then(() => "", String);
    server.close();
    return { asked, error };
  }

  it("is waited for where the model's process had no processor time: Triton then takes it for dead, and the next call finds it well", async () => {
    expect(
      await firstAnswer([
        [500, starved],
        [200, good],
      ]),
    ).toEqual({ asked: 2, error: "" });
    // Or Triton ends over it, and Docker starts it again.
    const ended = [503, ""] as const;
    expect(await firstAnswer([[500, starved], ended, [200, good]])).toEqual({ asked: 3, error: "" });
  });

  it("is not waited for where the process was out of memory, or for another reason, or beyond the gate's time", async () => {
    expect(
      await firstAnswer([
        [500, '{"error":"no such input"}'],
        [200, good],
      ]),
    ).toMatchObject({
      ...{
        asked: 1,
        error: expect.stringMatching(/is ready but does not answer over kserve-http.*no such input/) as string,
      },
    });
    expect((await firstAnswer([[500, starved]], 900)).error).toMatch(
      /model m is ready but does not answer|has not answered over kserve-http/,
    );
    docker.says("exec", "2\n");
    expect(
      await firstAnswer([
        [500, starved],
        [200, good],
      ]),
    ).toMatchObject({
      ...{ asked: 1, error: expect.stringMatching(/not healthy.*out of memory/) as string },
    });
  });
});

describe("a running model's configuration", () => {
  const config = (count: number) =>
    encoded("ModelConfigResponse", { config: { name: "m", instance_group: [{ count: 1 }, { count: count - 1 }] } });

  it("is as the settings say, or the difference is told", async () => {
    expect((await against([config(2)], checkConfigs)).error).toBe("");
    const { error } = await against([config(3)], checkConfigs);
    expect(error).toMatch(/model m version 3: instance_group\.count is 3 in the running server\n {2}expected: 2/);
  });
});
