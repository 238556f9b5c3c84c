import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Client, PredictRequest } from "../../../clients/client.ts";
import { clientKind } from "../../../clients/registry.ts";
import { cached } from "../../../lib/cache/cached.ts";
import { repoRoot } from "../../../lib/paths.ts";
import { progress } from "../../../lib/progress.ts";
import { run } from "../../../lib/run.ts";
import { pythonEnv } from "../../../models/python.ts";
import { LineProgram } from "../../../selfbench/clients/line-program.ts";

/* The clients of TorchServe's gRPC API, read by the stubs of TorchServe's own inference.proto, which is in its release. */

const here = (name: string) => join(import.meta.dirname, name);
const RELEASE = join(repoRoot, "lab/torchserve/requirements.txt");
const JAR = "ts/frontend/model-server.jar";

/** The folder of the stubs, generated once for each release. */
async function stubs(python: string): Promise<string> {
  const lists = [RELEASE, here("requirements.txt")];
  const hash = createHash("sha256");
  for (const list of lists) hash.update(await readFile(list));
  return cached("wire", `torchserve-stubs-${hash.digest("hex").slice(0, 16)}`, async (partial) => {
    const [packages, protos] = [join(partial, "packages"), join(partial, "protos")];
    await mkdir(protos);
    const how = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile", "--progress-bar", "off"];
    for (const list of lists) await run([python, "-m", "pip", "install", "--target", packages, ...how, "-r", list]);
    await run([python, "-m", "zipfile", "-e", join(packages, JAR), protos]);
    const grpcTools = [
      "-c",
      "import sys; sys.path.append(sys.argv.pop(1)); from grpc_tools import protoc; sys.exit(protoc.main(sys.argv))",
    ];
    const out = [`--python_out=${partial}`, `--grpc_python_out=${partial}`];
    const files = ["inference.proto", "google/rpc/status.proto"].map((name) => join(protos, name));
    await run([python, ...grpcTools, packages, `-I${protos}`, ...out, ...files]);
  });
}

let server: LineProgram;
let port: number;
const clients: Client[] = [];
const client = async (kind: string): Promise<Client> => {
  const made = clientKind(kind).create("127.0.0.1", port);
  clients.push(made);
  await made.open(10_000);
  return made;
};

beforeAll(async () => {
  const { python } = await pythonEnv(progress());
  server = new LineProgram("a server on TorchServe's stubs", python, ["-B", here("server.py"), await stubs(python)]);
  ({ port } = (await server.next()) as { port: number });
});
afterAll(async () => {
  for (const one of clients) await one.close();
  await server?.stop();
});

const outputs = async (kind: string, request: PredictRequest): Promise<Record<string, number[]>> => {
  const result = await (await client(kind)).call(request);
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return Object.fromEntries(
    Object.entries(result.outputs).map(([name, { data }]) => [name, [...(data as Float32Array)]]),
  );
};
const DATA = [..."data"].map((letter) => letter.charCodeAt(0));

it.each([[[1, 2, 3, 3]], [[2, 375, 500, 3]], [[1, 1200, 1600, 3]]])(
  "pixels %j arrive as NumPy's array of that shape",
  async (shape) => {
    const data = Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * 7) % 256);
    const request = {
      model: "ssd",
      inputs: { inputs: { dtype: "DT_UINT8", shape, data } },
      timeoutMs: 20_000,
    } as const;
    const { name, version, shape: seen, sum, corner } = await outputs("torchserve-grpc", request);
    expect({ name, version, seen }).toEqual({ name: DATA, version: [0], seen: shape });
    expect(sum).toEqual([Math.fround(data.reduce((a, b) => a + b, 0))]);
    expect(corner).toEqual([...data.subarray(-3)]);
  },
);

it.each([0, 1, 70_000, 20_000_000])("a file of %i bytes arrives whole", async (size) => {
  const inputs = { inputs: { dtype: "DT_STRING", shape: [1], data: [new Uint8Array(size).fill(65)] } } as const;
  const { name, bytes } = await outputs("torchserve-grpc-file", { model: "ssd", inputs, timeoutMs: 20_000 });
  expect([name, bytes]).toEqual([DATA, [size]]);
});

it("an error has the server's words", async () => {
  const inputs = { inputs: { dtype: "DT_STRING", shape: [1], data: [Buffer.from("a")] } } as const;
  const failed = outputs("torchserve-grpc-file", { model: "none", inputs, timeoutMs: 20_000 });
  await expect(failed).rejects.toThrow("INTERNAL: Model not found: none");
});
