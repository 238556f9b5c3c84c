import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { httpServer, type Asked } from "../../../clients/testing/loopback.ts";
import type { GateEndpoint, GateModel, GateRun } from "../../gate/spec.ts";
import { readsItsConfig, ready, smoke } from "./gate.ts";

const model: GateModel = { name: "m", version: 3, signature: "serving_default", input: "inputs" };

/** Runs a gate's step against a server at this machine's REST port; what was asked of it comes too. */
async function against(
  answer: (asked: Asked) => readonly [number, string],
  step: (run: GateRun, deadline: number) => Promise<void>,
) {
  const seen: string[] = [];
  const server = await httpServer((asked) => {
    seen.push(`${asked.method} ${asked.path}`);
    return answer(asked);
  });
  const endpoint: GateEndpoint = {
    ...{ api: "tf-serving", also: ["kserve-v2"], protocol: "rest", security: "none" },
    ...{ port: server.port, containerPort: 9001 },
  };
  const run = { target: null, address: "127.0.0.1", endpoints: [endpoint], timeoutSeconds: 60 } as unknown as GateRun;
  try {
    return { seen, error: await step(run, performance.now() + 60_000).then(() => "", String) };
  } finally {
    server.close();
  }
}

const state = (version: number, name: string, code: string) => {
  const status = { error_code: code, error_message: code };
  return [200, JSON.stringify({ model_version_status: [{ version: `${version}`, state: name, status }] })] as const;
};

it("a model is ready once its version is AVAILABLE", async () => {
  const { seen, error } = await against(
    () => state(3, "AVAILABLE", "OK"),
    (run, deadline) => ready(run, model, deadline),
  );
  expect([seen, error]).toEqual([["GET /v1/models/m"], ""]);
});

it("a model that could not be loaded is told at once, and not waited for", async () => {
  const { seen, error } = await against(
    () => state(3, "LOADING", "UNKNOWN"),
    (run, deadline) => ready(run, model, deadline),
  );
  expect([seen.length, error]).toEqual([1, expect.stringContaining("model m version 3 cannot be loaded: UNKNOWN")]);
});

it("each API that an endpoint speaks must answer", async () => {
  const first = JSON.stringify({ predictions: [1] });
  const { seen, error } = await against(
    ({ path }) => (path.startsWith("/v1") ? [200, first] : [404, '{"error":"no such API"}']),
    (run, deadline) => smoke(run, model, deadline),
  );
  expect(seen).toEqual(["POST /v1/models/m/versions/3:predict", "POST /v2/models/m/versions/3/infer"]);
  expect(error).toMatch(
    /model m is ready but does not answer over kserve-http at 127\.0\.0\.1:\d+: NOT_FOUND: no such API/,
  );
});

it("a config file that was changed is told, and one that is as planned is not", async () => {
  const workspace = await mkdtemp(join(tmpdir(), "lathe-ov-gate-"));
  const run = { target: null, workspace, serving: { config: "{}\n" } } as unknown as GateRun;
  const file = join(workspace, "models", "config.json");
  try {
    await mkdir(join(workspace, "models"));
    await writeFile(file, "{}\n");
    expect(await readsItsConfig(run)).toBeUndefined();
    await writeFile(file, '{"streams":9}\n');
    await expect(readsItsConfig(run)).rejects.toThrow("config.json is not as Lathe wrote it");
    await rm(file);
    await expect(readsItsConfig(run)).rejects.toThrow("config.json");
  } finally {
    await rm(workspace, { recursive: true });
  }
});
