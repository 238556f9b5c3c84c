import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientKind } from "../../../clients/registry.ts";
import type { Server } from "../../../infra/outputs.ts";
import { setConfig, tryUp } from "../../../infra/pulumi/testing/stack.ts";
import { progress } from "../../../lib/progress.ts";
import { run } from "../../../lib/run.ts";
import { tritonClient, type TritonClient } from "../../../selfbench/clients/tritonclient.ts";
import { DETECTOR, KindOnHost, NULL } from "./on-host.ts";
import { answerOf, expectAsTensorFlow, photo, referenceAnswers } from "./reference.ts";

/* NVIDIA's own clients against the lab's Triton: what it answers them is what it answers ours. Then the slow model, and Triton's own settings. */

const SLOW = "rfcn-resnet101";

/** Asks a model for a grey ramp, and prints the outputs as JSON: PROTOCOL ADDRESS MODEL HEIGHT WIDTH. */
const ASK = `
import json, sys
import numpy as np
protocol, address, model, height, width = sys.argv[1:]
if protocol == "grpc":
    import tritonclient.grpc as client
else:
    import tritonclient.http as client
shape = [1, int(height), int(width), 3]
image = (np.arange(np.prod(shape)) % 251).astype(np.uint8).reshape(shape)
sent = client.InferInput("inputs", shape, "UINT8")
sent.set_data_from_numpy(image)
answer = client.InferenceServerClient(address).infer(model, [sent])
names = ["detection_boxes", "detection_scores", "detection_classes", "num_detections"]
print(json.dumps({name: answer.as_numpy(name).ravel().tolist() for name in names}))
`;

describe("NVIDIA's clients and the lab's Triton", () => {
  let on: KindOnHost;
  let server: Server;
  let address: string;
  let nvidia: TritonClient;
  const size = { height: 120, width: 160 };
  beforeAll(async () => {
    nvidia = await tritonClient(progress());
    on = await KindOnHost.prepare({
      ...{ kind: "triton", outputs: {}, tolerance: { score: 0, box: 0 }, tooLittleMiB: 0, saysDamaged: /./ },
    });
    server = await on.up();
    address = on.address;
  }, 900_000);
  afterAll(() => on?.bed.down(), 300_000);

  const portOf = (protocol: string) => server.endpoints.find((e) => e.protocol === protocol)?.port ?? 0;

  it.each(["grpc", "http"])("tritonclient over %s gets what our clients get", { timeout: 300_000 }, async (form) => {
    const protocol = form === "grpc" ? "grpc" : "rest";
    for (const model of [NULL, DETECTOR]) {
      const where = [`${address}:${portOf(protocol)}`, model, `${size.height}`, `${size.width}`];
      const theirs = JSON.parse(await run([nvidia.python, "-c", ASK, form, ...where])) as Record<string, number[]>;
      const shape = [1, size.height, size.width, 3];
      const data = Uint8Array.from({ length: 3 * size.height * size.width }, (_, i) => i % 251);
      const client = clientKind(`kserve-${form}`).create(address, portOf(protocol));
      try {
        await client.open(10_000);
        const inputs = { inputs: { dtype: "DT_UINT8", shape, data } } as const;
        const ours = await client.call({ model, inputs, timeoutMs: 60_000 });
        if (!ours.ok) throw new Error(ours.error.message);
        const values = Object.entries(ours.outputs).map(([name, { data: d }]) => [name, Array.from(d as Float32Array)]);
        expect(Object.fromEntries(values)).toEqual(theirs);
      } finally {
        await client.close();
      }
    }
  });

  it.each(["grpc", "http"])("perf_analyzer over %s measures it", { timeout: 300_000 }, async (form) => {
    const url = `${address}:${portOf(form === "grpc" ? "grpc" : "rest")}`;
    const args = ["-m", NULL, "-u", url, "-i", form, "--shape", "inputs:1,64,64,3", "--request-count", "20"];
    const said = await run([nvidia.perfAnalyzer, ...args], { env: { ...process.env, ...nvidia.env } });
    expect(said).toMatch(/Request count: 20\b/);
    // The server counts its last request a moment later.
    expect(said).toMatch(/Server:[^]*Inference count: [12]\d/);
  });

  it("R-FCN answers our clients as TensorFlow does in float32", { timeout: 300_000 }, async () => {
    const seen = await photo(7);
    const expected = await referenceAnswers(SLOW, seen);
    await setConfig(on.stack, { "lathe:models": SLOW });
    server = await on.up();
    const { data, height, width } = seen;
    const inputs = { inputs: { dtype: "DT_UINT8", shape: [1, height, width, 3], data } } as const;
    for (const form of ["grpc", "http"]) {
      const client = clientKind(`kserve-${form}`).create(address, portOf(form === "grpc" ? "grpc" : "rest"));
      try {
        await client.open(10_000);
        const answer = answerOf(await client.call({ model: SLOW, inputs, timeoutMs: 120_000 }));
        expectAsTensorFlow(expected.pixels, answer, { score: 1e-5, box: 1e-5 }, form);
      } finally {
        await client.close();
      }
    }
    // What follows loads a model in a moment.
    await setConfig(on.stack, { "lathe:models": NULL });
  });

  it("its gate fails where shared memory is too small, with what to raise", { timeout: 300_000 }, async () => {
    await setConfig(on.stack, { "lathe:settings.sharedMemoryMiB": "3" });
    const { code, output } = await tryUp(on.stack);
    expect([code !== 0, output]).toEqual([
      true,
      expect.stringMatching(/shared memory pool[^]*settings\.sharedMemoryMiB/),
    ]);
    await setConfig(on.stack, { "lathe:settings.sharedMemoryMiB": "64" });
  });

  it(
    "it comes up with two instances that batch, by gRPC that asks for a certificate alone",
    { timeout: 300_000 },
    async () => {
      await setConfig(on.stack, {
        "lathe:tls": "mutual",
        "lathe:settings.instances": "2",
        "lathe:settings.maxBatch": "4",
      });
      const { endpoints, settings, metrics } = await on.up();
      expect(endpoints.map(({ protocol, security }) => `${protocol} ${security}`)).toEqual(["grpc mutual-tls"]);
      expect([settings["instance_group.count"], settings["max_batch_size"], metrics]).toEqual(["2", "4", undefined]);
    },
  );
});
