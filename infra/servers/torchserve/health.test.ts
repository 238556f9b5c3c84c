import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accessConfig } from "../../config/access.ts";
import { LOOK, MANAGEMENT_PORT } from "./container.ts";
import { readDescribed } from "./described.ts";
import { torchServe } from "./kind.ts";

/* What runs inside the container to ask the management API, by a real bash; the server keeps its connections, as TorchServe does. */

const model = (name: string, status: string) =>
  JSON.stringify(
    [{ modelUrl: `/models/${name}/1`, batchSize: 1, maxBatchDelay: 100, workers: [{ id: "9000", status }] }],
    null,
    2,
  );
const MODELS: Readonly<Record<string, string>> = {
  "/models/good": model("good", "READY"),
  "/models/dead": model("dead", "UNLOADING"),
};
const server = createServer(({ url = "" }, response) => {
  const text = MODELS[url] ?? JSON.stringify({ message: `Model not found: ${url}` });
  response.writeHead(url in MODELS ? 200 : 404, { "content-length": text.length }).end(text);
});
let port: number;
beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Runs it, against the test's server; it would wait for the connection's end for as long as Docker lets it. */
const inside = (script: string, names: readonly string[], at = port) =>
  new Promise<{ code: number | string | null; stdout: string }>((resolve) => {
    const text = script.replaceAll(`${MANAGEMENT_PORT}`, `${at}`);
    execFile("bash", ["-c", text, "bash", ...names], { timeout: 20_000 }, (error, stdout) =>
      resolve({ code: error === null ? 0 : (error.code ?? null), stdout }),
    );
  });
const health = () => {
  const settings = torchServe.settings.parse({});
  return torchServe.container([{ name: "good", version: 1 }], settings, accessConfig({}, [])).healthTest[3] ?? "";
};

test.each([
  [["good"], 0],
  [["good", "good"], 0],
  [["good", "dead"], 1],
  [["dead"], 1],
  [["none"], 1],
])("the health test of %j ends with %i", async (names, code) => {
  expect((await inside(health(), names)).code).toBe(code);
});

test("without a server, it fails", async () => {
  expect((await inside(health(), ["good"], 1)).code).toBe(1);
});

test("the gate's look is the whole answer, behind what the control group counts", async () => {
  const look = async (name: string) => readDescribed((await inside(LOOK, [name])).stdout.split("@@\n")[1] ?? "");
  expect(await look("dead")).toMatchObject({ is: "described", model: { workers: [{ status: "UNLOADING" }] } });
  expect(await look("none")).toEqual({ is: "refused", why: "Model not found: /models/none" });
});
