import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { modelStatus, reloadConfig, versionOfLabel } from "../../clients/tf-serving/status.ts";
import { writeState } from "../../infra/gate/batched-commands.ts";
import type { GateModel, GateRun } from "../../infra/gate/spec.ts";
import { GIVE_TIME } from "../../infra/gate/why-no-answer.ts";
import { checkLabels } from "../../infra/servers/tf-serving/gate.ts";
import {
  CONFIG_FILE,
  configMessage,
  readConfigText,
  servedOf,
  state,
} from "../../infra/servers/tf-serving/models-config.ts";
import { rollOut } from "../../infra/servers/tf-serving/rollout.ts";
import { UserError } from "../../lib/errors.ts";
import { progress } from "../../lib/progress.ts";
import { prepareModel } from "../../models/index.ts";
import { startStandIn, type StandIn } from "./tfs.ts";

/* How versions come and go in a running server, without Docker and SSH around it: what a gate does between two `up`s. */

const MODEL = "detector";
let server: StandIn;
let workspace: string;

beforeAll(async () => {
  const policy = "model_version_policy { specific { versions: 1 } }";
  server = await startStandIn({ [MODEL]: "null" }, { [MODEL]: policy });
  workspace = dirname(server.models);
  const { versionDir } = await prepareModel("null", progress());
  for (const version of [2, 3]) await cp(versionDir, join(server.models, MODEL, `${version}`), { recursive: true });
  await mkdir(join(server.models, MODEL, "4"));
});
afterAll(() => server?.stop());

const query = () =>
  ({ protocol: "grpc", address: "127.0.0.1", port: server.grpcPort, model: MODEL, timeoutMs: 5000 }) as const;
const available = async () => {
  const asked = await modelStatus(query());
  return asked.ok ? asked.value.filter((v) => v.state === "AVAILABLE").map((v) => v.version) : asked.error.message;
};
const label = async (name: string) => {
  const asked = await versionOfLabel({ ...query(), label: name });
  return asked.ok ? asked.value : asked.error.code;
};

/** What the gate is told of these versions, as far as the rollout looks. */
function spec(version: number, canary?: number): GateRun {
  const models = servedOf([{ name: MODEL, version, canary: canary === undefined ? undefined : { version: canary } }]);
  const gated = [version, ...(canary === undefined ? [] : [canary])].map((v): GateModel => ({
    name: MODEL,
    version: v,
    signature: "serving_default",
    input: "inputs",
  }));
  const part: Partial<GateRun> = {
    restartsBefore: 0,
    ...{ target: null, workspace, address: "127.0.0.1", container: "none", state: "", timeoutSeconds: 30 },
    endpoints: [{ api: "tf-serving", protocol: "grpc", port: server.grpcPort, containerPort: 8500, security: "none" }],
    ...{ models: gated, serving: { basePath: server.models, models } },
  };
  return part as GateRun;
}

/** Waits for the versions, as the gate's own check does. */
async function loaded(models: readonly GateModel[]): Promise<void> {
  for (const { version } of models) {
    await expect.poll(async () => (await modelStatus(query())).ok, { timeout: 60_000 }).toBe(true);
    for (let waited = 0; ; waited += 100) {
      const asked = await modelStatus(query());
      const found = asked.ok ? asked.value.find((v) => v.version === version) : undefined;
      if (found?.state === "AVAILABLE") break;
      if (found?.state === "END" && found.code !== "OK")
        throw new UserError({ what: `version ${version}: ${found.message}` });
      if (waited > 15_000) throw new UserError({ what: `version ${version} does not come` });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** What the config file on the host says; empty if there is none. */
const configFile = () => readFile(join(workspace, "models", CONFIG_FILE), "utf8").catch(() => "");
const roll = async (to: GateRun, check = loaded, deadline = performance.now() + 30_000) =>
  rollOut({ ...to, state: await configFile() }, deadline, check);

it("a first config is taken as it is, and written down once it was seen to serve", async () => {
  expect(readConfigText(await configFile())).toBeUndefined();
  await roll(spec(1));
  await checkLabels(spec(1));
  await writeState(spec(1), state);
  await expect.poll(available).toEqual([1]);
  expect(readConfigText(await configFile())).toEqual({ proven: true, models: servedOf([{ name: MODEL, version: 1 }]) });
});

it("a version that loads and does not predict is taken back: versions, labels and the file are what they were", async () => {
  const before = await configFile();
  const refuses = async (models: readonly GateModel[]) => {
    await loaded(models);
    expect([await available(), await label("stable")]).toEqual([[2, 1], 1]);
    throw new UserError({ what: "version 2 answers nonsense" });
  };
  await expect(roll(spec(2), refuses)).rejects.toThrow(
    /answers nonsense\nwhat was served before is served on: detector 1\n/,
  );
  await expect.poll(available, { timeout: 60_000 }).toEqual([1]);
  expect(await label("stable")).toBe(1);
  expect(await configFile()).toBe(before);
});

it("a version that cannot be loaded is taken back, and is tried anew once its files are mended", async () => {
  await expect(roll(spec(4))).rejects.toThrow(/version 4: Could not find SavedModel[\s\S]*served on: detector 1\n/);
  await expect.poll(available, { timeout: 60_000 }).toEqual([1]);
  await rm(join(server.models, MODEL, "4"), { recursive: true });
  await cp(join(server.models, MODEL, "2"), join(server.models, MODEL, "4"), { recursive: true });
  await roll(spec(4));
  expect(await available()).toEqual([4]);
  expect(await label("stable")).toBe(4);
});

it.each(["before its labels move", "while it is waited for"])(
  "a version is taken back if the gate's time is over %s, and the time is named, not the version",
  async (when) => {
    const clock = vi.spyOn(performance, "now");
    const deadline = performance.now() + 60_000;
    const late = async (models: readonly GateModel[]) => {
      await loaded(models);
      clock.mockReturnValue(deadline);
      // As the gate's own check says it.
      if (when === "while it is waited for") throw new UserError({ what: "not AVAILABLE after 30 s", fix: GIVE_TIME });
    };
    const error = await roll(spec(3), late, deadline)
      .then(() => "", String)
      .finally(() => clock.mockRestore());
    expect(error).toMatch(
      /(has not taken its new config|AVAILABLE) after 30 s[\s\S]*give it time[\s\S]*served on: detector 4/,
    );
    expect(error).not.toContain("set the earlier version again");
    await expect.poll(available, { timeout: 60_000 }).toEqual([4]);
  },
);

it("a rollout that was killed in the middle is simply begun again", async () => {
  const trial = [{ name: MODEL, versions: [2, 4], labels: { stable: 4 } }];
  expect(await reloadConfig({ ...query(), port: server.grpcPort }, configMessage(trial, server.models))).toMatchObject({
    ok: true,
  });
  await expect.poll(available, { timeout: 60_000 }).toEqual([4, 2]);
  await roll(spec(2, 3));
  await checkLabels(spec(2, 3));
  await expect.poll(available, { timeout: 60_000 }).toEqual([3, 2]);
  expect([await label("stable"), await label("canary")]).toEqual([2, 3]);
});

it("the server itself refuses a label to a version that is not loaded, and keeps what it has", async () => {
  const asked = await reloadConfig(
    query(),
    configMessage([{ name: MODEL, versions: [2, 4], labels: { stable: 4 } }], server.models),
  );
  expect(asked).toMatchObject({
    ok: false,
    error: {
      code: "FAILED_PRECONDITION",
      message: expect.stringContaining("not currently available for inference") as string,
    },
  });
  expect([await available(), await label("stable")]).toEqual([[3, 2], 2]);
});
