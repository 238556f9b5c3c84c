import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { progress } from "../../lib/progress.ts";
import { repoRoot } from "../../lib/paths.ts";
import { addOn, prepareModel, pythonEnv } from "../../models/index.ts";
import { openvinoIr, openvinoRequirements } from "../../models/forms/openvino-ir.ts";
import { freePort, type StandIn } from "./tfs.ts";

/** OpenVINO's packages, as PYTHONPATH has them beside the stand-in's own. */
export async function openvinoPath(): Promise<string> {
  const own = ["lab/openvino", "lab/tensorflow", "lab/tf-serving"].map((folder) => join(repoRoot, folder));
  return [...own, await addOn("openvino", openvinoRequirements, progress())].join(":");
}

/**
 * Starts the stand-in for OpenVINO Model Server with models of the catalogue, each as version 1, and waits until it is ready.
 *
 * @param names names of the catalogue, which they are served under
 * @param plugin properties of the CPU device, for all of them
 */
export async function startOpenvinoStandIn(names: readonly string[], plugin: object): Promise<StandIn> {
  const bar = progress();
  const { python } = await pythonEnv(bar);
  const dir = await mkdtemp(join(tmpdir(), "lathe-ov-"));
  const models = join(dir, "models");
  for (const name of names) {
    const { versionDir } = await prepareModel(name, bar, openvinoIr.name);
    await mkdir(join(models, name), { recursive: true });
    await symlink(versionDir, join(models, name, "1"));
  }
  const entries = names.map((name) => ({
    config: { name, base_path: join(models, name), plugin_config: plugin, model_version_policy: { all: {} } },
  }));
  const config = { model_config_list: entries, monitoring: { metrics: { enable: true } } };
  await writeFile(join(dir, "config.json"), JSON.stringify(config));
  const [grpcPort, restPort] = [await freePort(), await freePort()];
  const flags = [`--port=${grpcPort}`, `--rest_port=${restPort}`, `--config_path=${join(dir, "config.json")}`];
  const child = spawn(python, ["-B", "-m", "lathe_ov", ...flags, "--file_system_poll_wait_seconds=0"], {
    env: { ...process.env, PYTHONPATH: await openvinoPath() },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const stop = async () => {
    if (child.exitCode === null && child.kill("SIGTERM")) await new Promise((done) => child.once("exit", done));
    await rm(dir, { recursive: true, force: true });
  };
  const isReady = async () => {
    const answer = await fetch(`http://127.0.0.1:${restPort}/v2/health/ready`).catch(() => undefined);
    return answer?.status === 200;
  };
  for (let waited = 0; !(await isReady()); waited += 100) {
    if (child.exitCode !== null || waited > 120_000) {
      await stop();
      throw new Error(`the stand-in did not start:\n${said}`);
    }
    await sleep(100);
  }
  return { grpcPort, restPort, models, child, log: () => said, stop };
}
