import grpc from "@grpc/grpc-js";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clientKind } from "../../clients/registry.ts";
import { channelOptions } from "../../clients/tf-serving/grpc-js.ts";
import { tensorObject, tensorOfObject, type TensorObject } from "../../clients/tf-serving/messages/grpc-js-objects.ts";
import { modelStatus } from "../../clients/tf-serving/status.ts";
import { anyTensor } from "../../clients/testing/arbitraries.ts";
import { messages, packageDefinition } from "../../protos/index.ts";
import { pythonPeer, pythonProgram, type Peer } from "./peers/start.ts";
import type { Client, PredictRequest, Tensor } from "../../clients/client.ts";

/*
 * Both directions against the official Python stubs: our clients to a server on them, their client to a server on our protos.
 */

const bytes = (text: string) => Uint8Array.from(Buffer.from(text));
const ramp = (length: number) => Uint8Array.from({ length }, (_, i) => i % 251);

const FORMS: Record<string, Tensor> = {
  image: { dtype: "DT_UINT8", shape: [1, 480, 640, 3], data: ramp(921_600) },
  batch: { dtype: "DT_UINT8", shape: [2, 3, 4, 3], data: ramp(72) },
  jpeg: { dtype: "DT_STRING", shape: [1], data: [ramp(70_000)] },
  strings: { dtype: "DT_STRING", shape: [2, 2], data: ["a", "", "ü", "\0"].map(bytes) },
  text: { dtype: "DT_STRING", shape: [], data: [bytes("scalar")] },
  floats: { dtype: "DT_FLOAT", shape: [2, 3], data: Float32Array.of(1, -2.5, NaN, Infinity, -Infinity, -0) },
  scalar: { dtype: "DT_FLOAT", shape: [], data: Float32Array.of(0.1) },
  doubles: { dtype: "DT_DOUBLE", shape: [2], data: Float64Array.of(1e300, -0.1) },
  ints: { dtype: "DT_INT32", shape: [3], data: Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1) },
  longs: { dtype: "DT_INT64", shape: [2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) },
  flags: { dtype: "DT_BOOL", shape: [3], data: Uint8Array.of(1, 0, 1) },
  empty: { dtype: "DT_FLOAT", shape: [0, 4], data: new Float32Array(0) },
  nothing: { dtype: "DT_STRING", shape: [0], data: [] },
};

describe.each(["probe", "grpc-js"])("our client %s to a server on the official stubs", (name) => {
  let server: Peer;
  let client: Client;
  beforeAll(async () => {
    server = await pythonPeer("stubs_server.py");
    client = clientKind(name).create("127.0.0.1", server.port);
    await client.open(10_000);
  });
  afterAll(async () => {
    await client?.close();
    await server?.stop();
  });

  async function outputs(part: Partial<PredictRequest>): Promise<Readonly<Record<string, Tensor>>> {
    const result = await client.call({ model: "m", inputs: {}, timeoutMs: 30_000, ...part });
    if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
    return result.outputs;
  }

  it.each(Object.entries(FORMS))("is understood, and understands every form of %s", async (_form, tensor) => {
    const got = await outputs({ inputs: { x: tensor } });
    expect(got["x.content"]).toEqual(tensor);
    expect(got["x.typed"]).toEqual(tensor);
  });

  it("is understood with any tensors at once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), anyTensor(), { maxKeys: 5 }),
        async (inputs) => {
          const got = await outputs({ inputs });
          for (const [key, tensor] of Object.entries(inputs)) {
            expect(got[`${key}.content`]).toEqual(plain(tensor));
            expect(got[`${key}.typed`]).toEqual(plain(tensor));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("names model, version and signature", async () => {
    const spec = async (part: Partial<PredictRequest>) => {
      const text = (await outputs(part))["spec"]?.data as Uint8Array[];
      return JSON.parse(Buffer.from(text[0] ?? []).toString()) as unknown;
    };
    expect(await spec({})).toEqual(["m", "serving_default", null, 0]);
    expect(await spec({ version: 0, signature: "other" })).toEqual(["m", "other", "version", 0]);
    expect(await spec({ label: "stable" })).toEqual(["m", "serving_default", "version_label", "stable"]);
    expect(await spec({ model: "größer", version: 2 ** 40 })).toEqual([
      "größer",
      "serving_default",
      "version",
      2 ** 40,
    ]);
  });

  it("hands on the server's own error", async () => {
    expect(await client.call({ model: "unknown", inputs: {}, timeoutMs: 5000 })).toMatchObject({
      ok: false,
      error: { code: "NOT_FOUND", message: "Servable not found for request: Latest(unknown)" },
    });
  });
});

describe("model status and metadata from a server on the official stubs", () => {
  let server: Peer;
  beforeAll(async () => {
    server = await pythonPeer("stubs_server.py");
  });
  afterAll(() => server?.stop());
  const query = (model: string) => ({
    protocol: "grpc" as const,
    address: "127.0.0.1",
    port: server.port,
    model,
    timeoutMs: 10_000,
  });

  it("tells every version with its state and the reason of a failure", async () => {
    expect(await modelStatus(query("m"))).toEqual({
      ok: true,
      value: [
        { version: 1, state: "AVAILABLE", code: "OK", message: "" },
        { version: 2 ** 40, state: "END", code: "RESOURCE_EXHAUSTED", message: "no memory" },
      ],
    });
  });

  it("tells a model that is not there as NOT_FOUND", async () => {
    expect(await modelStatus(query("unknown"))).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
  });
});

describe("the official Python client to a server on our protos", () => {
  const server = new grpc.Server(channelOptions);
  afterAll(() => server.forceShutdown());

  it("gets every array back as it was, in both forms, and status and metadata", async () => {
    const program = await pythonProgram("stubs_client.py", [String(await serveOurProtos(server))]);
    try {
      expect(await program.next()).toEqual({ checked: 90 });
    } finally {
      await program.stop();
    }
  });
});

type Echo = grpc.handleUnaryCall<
  { model_spec: object; inputs: Record<string, TensorObject> },
  { model_spec: object; outputs: Record<string, object> }
>;

/** A server that decodes tensors with our code and answers them encoded anew. */
function serveOurProtos(server: grpc.Server): Promise<number> {
  const definitions = packageDefinition();
  const predict: Echo = (call, done) => {
    const { model_spec, inputs } = call.request;
    const outputs = Object.entries(inputs).map(([name, t]) => [name, tensorObject(tensorOfObject(t))] as const);
    done(null, { model_spec, outputs: Object.fromEntries(outputs) });
  };
  const map = messages().lookupType("tensorflow.serving.SignatureDefMap");
  const shape = { dim: [{ size: -1 }, { size: 3 }] };
  const inputs = { inputs: { name: "x:0", dtype: 4, tensor_shape: shape } };
  const packed = map.encode(map.fromObject({ signature_def: { serving_default: { inputs } } })).finish();
  const any = { type_url: "type.googleapis.com/tensorflow.serving.SignatureDefMap", value: packed };
  const metadata: grpc.handleUnaryCall<object, object> = (_call, done) =>
    done(null, { metadata: { signature_def: any } });
  const status: grpc.handleUnaryCall<object, object> = (_call, done) =>
    done(null, {
      model_version_status: [{ version: 3, state: "AVAILABLE", status: { error_code: "OK", error_message: "fine" } }],
    });
  server.addService(definitions["tensorflow.serving.PredictionService"] as grpc.ServiceDefinition, {
    Predict: predict,
    GetModelMetadata: metadata,
  });
  server.addService(definitions["tensorflow.serving.ModelService"] as grpc.ServiceDefinition, {
    GetModelStatus: status,
  });
  return new Promise((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    ),
  );
}

/** Strings as bare Uint8Array, which is what decoders give. */
function plain(tensor: Tensor): Tensor {
  if (ArrayBuffer.isView(tensor.data)) return tensor;
  return { ...tensor, data: tensor.data.map((text) => Uint8Array.from(text)) };
}
