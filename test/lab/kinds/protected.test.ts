import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { destroy, up, type StackRef } from "../../../infra/pulumi/testing/stack.ts";
import type { StackOutputs } from "../../../infra/outputs.ts";
import { kindImage, pushImage } from "../../../lab/index.ts";
import { startLathe } from "../lathe.ts";
import { progress } from "../../../lib/progress.ts";
import { makeBed, type Bed } from "../../engine/harness.ts";
import { on } from "../tools.ts";
import { proxyImage } from "../proxy-image.ts";
import { NULL } from "./on-host.ts";

/* Kinds other than TF Serving (test/engine/trust.test.ts), each with the protection that it can have, beside each other on one host. */

const HOST = "cloud";
/** Of each kind: its gRPC's protection, where it has any, beside the token of REST's. */
const KINDS = [
  { kind: "triton", tls: "mutual", settings: {} },
  { kind: "torchserve", tls: "server", settings: {} },
  { kind: "openvino", tls: "off", settings: { precision: "bf16" } },
  { kind: "flask", tls: "off", settings: {} },
] as const;

/** Settings as keys of a server. */
const inSettings = (settings: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(settings).map(([key, value]) => [`settings.${key}`, value]));

let bed: Bed;
let runs: string;
let stack: StackRef;
let said: StackOutputs;
beforeAll(async () => {
  bed = await makeBed();
  runs = await mkdtemp(join(tmpdir(), "lathe-protected-"));
  const push = async (source: Parameters<typeof pushImage>[1]) =>
    (await pushImage(bed.lab, source, progress())).reference;
  const servers: Record<string, string> = {};
  for (const [i, { kind, tls, settings }] of KINDS.entries()) {
    const source = await kindImage(kind, progress());
    if (source === undefined) throw new Error("the lab has no image of that kind");
    const own = { name: kind, server: kind, image: await push(source), tls, ...inSettings(settings) };
    for (const [key, value] of Object.entries(own)) servers[`lathe:servers[${i}].${key}`] = value;
  }
  stack = await bed.stack(HOST, {
    ...{ "lathe:host": HOST, "lathe:models": NULL, "lathe:rest": "token", "lathe:gateTimeoutSeconds": "600" },
    ...{ "lathe:proxyImage": await push(await proxyImage(progress())), ...servers },
  });
}, 900_000);
afterAll(async () => {
  await bed?.down();
  await rm(runs, { recursive: true, force: true });
}, 300_000);

/** The status of a request without a token; the certificate is the stack's own, and not what is looked at. */
const statusWithout = (port: number): Promise<number | undefined> =>
  new Promise((resolve, reject) =>
    request({ host: said.machine.address, port, path: "/", rejectUnauthorized: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on("error", reject)
      .end(),
  );

async function bench(): Promise<{ code: number | null; output: string; cells: (readonly [string, number])[] }> {
  const args = [
    "bench",
    "--runs",
    runs,
    "--json",
    "--stack",
    HOST,
    "--models",
    NULL,
    "--images",
    "7",
    "--requests",
    "2",
  ];
  const { code, stdout, stderr } = await startLathe([...args, "--precision", "none"], { ...process.env, ...bed.env })
    .ended;
  const { cells } = JSON.parse(stdout || '{"cells":[]}') as {
    cells: { id: string; summary: { n: number } | null }[];
  };
  return { code, output: stderr, cells: cells.map((c) => [c.id, c.summary?.n ?? 0] as const) };
}

describe("servers of several kinds, each with the protection that it can have", { timeout: 900_000 }, () => {
  it("come up beside each other, and say how they are protected", async () => {
    said = await up(stack);
    const security = said.servers.map(({ kind, endpoints }) => [
      kind,
      ...endpoints.map((e) => `${e.protocol} ${e.security}`),
    ]);
    expect(security).toEqual([
      ["triton", "grpc mutual-tls", "rest token"],
      ["torchserve", "grpc tls", "rest token"],
      ["openvino", "grpc none", "rest token"],
      ["flask", "rest token"],
    ]);
  });

  it("say of a precision whether this processor computes in it, as OpenVINO itself tells in the stand-in's log", async () => {
    const server = said.servers.find(({ kind }) => kind === "openvino");
    expect(server?.settings["INFERENCE_PRECISION_HINT"]).toBe("bf16");
    const log = await on(bed.lab, HOST, `docker logs ${server?.container} 2>&1`);
    const [, computed] = /INFERENCE_PRECISION_HINT (\w+)/.exec(log) ?? [];
    expect(["bf16", "f32"]).toContain(computed);
    expect(server?.note).toEqual(computed === "bf16" ? undefined : expect.stringContaining("bf16 has no effect"));
  });

  it("refuse who has no token", async () => {
    const rest = said.servers.flatMap((s) => s.endpoints.filter((e) => e.protocol === "rest").map((e) => e.port));
    expect(await Promise.all(rest.map(statusWithout))).toEqual(KINDS.map(() => 401));
  });

  it("answer the bench, by every client kind", async () => {
    const { code, output, cells } = await bench();
    expect(code, output).toBe(0);
    expect(cells.length).toBeGreaterThanOrEqual(2 * KINDS.length);
    expect(cells.filter(([, n]) => n !== 2)).toEqual([]);
  });

  it("leave nothing", async () => {
    await destroy(stack);
    expect(await bed.leftOn(HOST)).toBe("");
  });
});
