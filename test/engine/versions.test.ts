import { cp, mkdtemp, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientKind } from "../../clients/registry.ts";
import { modelStatus, versionOfLabel } from "../../clients/tf-serving/status.ts";
import { setConfig, tryUp, up, type StackRef } from "../../infra/pulumi/testing/stack.ts";
import { hostOf } from "../../lab/index.ts";
import { progress } from "../../lib/progress.ts";
import { prepareModel } from "../../models/index.ts";
import { on } from "../lab/tools.ts";
import { makeBed, type Bed } from "./harness.ts";
import { openLoad, type Load, type LoadSummary } from "./load.ts";

/* Versions of a model on the real engine: they come, go, and fail under load, and nobody who calls the server sees it. */

const HOST = "cloud";
const MODEL = "detector";

let bed: Bed;
let stack: StackRef;
let dir: string;
let load: Load | undefined;
beforeAll(async () => {
  bed = await makeBed();
  dir = await mkdtemp(join(tmpdir(), "lathe-versions-"));
  // A model of the user's own that looks whole and cannot be loaded: its copy broke off.
  const { versionDir } = await prepareModel("null", progress());
  await cp(versionDir, join(dir, "broken"), { recursive: true });
  const file = join(dir, "broken", "saved_model.pb");
  await truncate(file, Math.floor((await stat(file)).size / 2));
  await cp(versionDir, join(dir, "mended"), { recursive: true });
});
afterAll(async () => {
  await load?.stop();
  await bed?.down();
  await rm(dir, { recursive: true, force: true });
});

const at = () => ({ address: hostOf(bed.lab, HOST).address, model: MODEL, timeoutMs: 10_000 });
const states = async () => {
  const asked = await modelStatus({ ...at(), protocol: "rest", port: 8501 });
  return asked.ok ? asked.value.filter((v) => v.state === "AVAILABLE").map((v) => v.version) : asked.error.code;
};
const label = async (name: string) => {
  const both = await Promise.all([
    versionOfLabel({ ...at(), protocol: "grpc", port: 8500, label: name }),
    versionOfLabel({ ...at(), protocol: "rest", port: 8501, label: name }),
  ]);
  return both.map((asked) => (asked.ok ? asked.value : asked.error.code));
};
const startedAt = () => on(bed.lab, HOST, "docker inspect tf-serving --format '{{.State.StartedAt}}'");

/** Calls of which a load is made at least, however quick the machine is with what is done under it. */
const ENOUGH = 60;

/** Calls the server over both protocols, by the label and by none, while something is done to it. */
async function underLoad(body: () => Promise<unknown>): Promise<LoadSummary> {
  load = await openLoad(at().address, MODEL, [
    { kind: "probe", port: 8500, label: "stable" },
    { kind: "probe", port: 8500 },
    { kind: "rest", port: 8501, label: "stable" },
    { kind: "rest", port: 8501 },
  ]);
  try {
    await body();
    await load.reached(ENOUGH);
  } finally {
    await load.stop();
  }
  const summary = load.summary();
  process.stderr.write(`${expect.getState().currentTestName}: ${JSON.stringify(summary)}\n`);
  return summary;
}

/** Nothing failed, of enough calls to mean something. */
function expectNoFailure(summary: LoadSummary): void {
  expect(summary.failures).toEqual([]);
  expect(summary.sent).toBeGreaterThanOrEqual(ENOUGH);
  expect(summary.slowestMs).toBeLessThan(30_000);
}

test("a model of one's own that cannot be loaded never comes up, and does once it is mended", async () => {
  stack = await bed.stack("versions", {
    "lathe:host": HOST,
    "lathe:gateTimeoutSeconds": "120",
    "lathe:models[0].name": MODEL,
    "lathe:models[0].version": "1",
    'lathe:models[0].from["1"]': join(dir, "broken"),
    'lathe:models[0].from["2"]': "ssdlite-mobilenet",
    'lathe:models[0].from["3"]': join(dir, "broken"),
  });
  const { code, output } = await tryUp(stack);
  expect(code).not.toBe(0);
  expect(output).toMatch(/gate: container tf-serving does not run: it was restarted \d times/);
  expect(output).toContain("Can't parse");
  await setConfig(stack, { 'lathe:models[0].from["1"]': "null" });
  const [server] = (await up(stack)).servers;
  expect(server?.models).toMatchObject([{ name: MODEL, version: 1, from: "null", isNull: true }]);
  expect(await label("stable")).toEqual([1, 1]);
  expect(await label("canary")).toEqual(["INVALID_ARGUMENT", "INVALID_ARGUMENT"]);
});

test("a new version goes live under load without one failed request, and without a restart", async () => {
  const before = await startedAt();
  const summary = await underLoad(async () => {
    await setConfig(stack, { "lathe:models[0].version": "2" });
    const [server] = (await up(stack)).servers;
    expect(server?.models).toMatchObject([{ name: MODEL, version: 2, from: "ssdlite-mobilenet", isNull: false }]);
  });
  expectNoFailure(summary);
  expect(await states()).toEqual([2]);
  expect(await label("stable")).toEqual([2, 2]);
  expect(await startedAt()).toBe(before);
  expect(await on(bed.lab, HOST, `ls .lathe/lathe-versions/models/${MODEL}`)).toBe("2");
});

test("a version that cannot be loaded turns the stack red, each time, and the old one serves on", async () => {
  const summary = await underLoad(async () => {
    await setConfig(stack, { "lathe:models[0].version": "3" });
    for (const attempt of ["first", "second"]) {
      const { code, output } = await tryUp(stack);
      expect(code, attempt).not.toBe(0);
      expect(output).toMatch(/gate: model detector version 3 cannot be loaded: \w+: Can't parse/);
      expect(output).toContain("what was served before is served on: detector 2");
      expect(output).not.toMatch(/\n\s+at /);
      expect([await states(), await label("stable")]).toEqual([[2], [2, 2]]);
    }
  });
  expectNoFailure(summary);
  // Not even a restart in the middle of it takes the good version away.
  await on(bed.lab, HOST, "docker restart -t 1 tf-serving");
  await expect.poll(states, { timeout: 60_000 }).toEqual([2]);
});

test("going back is one line of config: the stack is green, and nothing of the bad version is left", async () => {
  const before = await startedAt();
  const summary = await underLoad(async () => {
    await setConfig(stack, { "lathe:models[0].version": "1" });
    expect((await up(stack)).servers[0]?.models).toMatchObject([{ version: 1, from: "null" }]);
  });
  expectNoFailure(summary);
  expect([await states(), await label("stable")]).toEqual([[1], [1, 1]]);
  expect(await startedAt()).toBe(before);
  expect(await on(bed.lab, HOST, `ls .lathe/lathe-versions/models/${MODEL}`)).toBe("1");
});

test("a canary is served beside the live version, each by its label, and the mended version is taken for new", async () => {
  await setConfig(stack, {
    "lathe:models[0].canary": "3",
    'lathe:models[0].from["3"]': join(dir, "mended"),
  });
  const [server] = (await up(stack)).servers;
  expect(server?.models).toMatchObject([{ version: 1, canary: { version: 3 } }]);
  expect([await label("stable"), await label("canary")]).toEqual([
    [1, 1],
    [3, 3],
  ]);
  const client = clientKind("rest").create(at().address, 8501);
  await client.open(5_000);
  const inputs = { inputs: { dtype: "DT_UINT8", shape: [1, 2, 2, 3], data: new Uint8Array(12) } } as const;
  for (const name of ["stable", "canary"])
    expect(await client.call({ model: MODEL, label: name, inputs, timeoutMs: 10_000 })).toMatchObject({ ok: true });
  await client.close();
  const again = await tryUp(stack);
  expect([again.code, Object.keys(again.changes)]).toEqual([0, ["same"]]);
});
