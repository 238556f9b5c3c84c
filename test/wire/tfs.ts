import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { progress } from "../../lib/progress.ts";
import { repoRoot } from "../../lib/paths.ts";
import { prepareModel, pythonEnv } from "../../models/index.ts";

/** The stand-in for TF Serving as a process of this machine, for tests. */
export interface StandIn {
  readonly grpcPort: number;
  readonly restPort: number;
  /** Folder with one folder a model, in which the versions lie. */
  readonly models: string;
  readonly child: ChildProcess;
  /** What it has said so far. */
  log(): string;
  /** Ends it and removes its folders. */
  stop(): Promise<void>;
}

/**
 * Starts the stand-in with models of the catalogue, each as version 1, and waits until it answers.
 *
 * @param names served name by catalogue name
 * @param config text added to a model's entry in models.config, by served name
 * @param more flags beyond those that every test needs
 */
export async function startStandIn(
  names: Readonly<Record<string, string>>,
  config: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
): Promise<StandIn> {
  const bar = progress();
  const { python } = await pythonEnv(bar);
  const dir = await mkdtemp(join(tmpdir(), "lathe-tfs-"));
  const models = join(dir, "models");
  let entries = "";
  for (const [served, catalogued] of Object.entries(names)) {
    const { versionDir } = await prepareModel(catalogued, bar);
    await mkdir(join(models, served), { recursive: true });
    await symlink(versionDir, join(models, served, "1"));
    entries += `config { name: "${served}" base_path: "${join(models, served)}" ${config[served] ?? ""} }\n`;
  }
  await writeFile(join(dir, "models.config"), `model_config_list { ${entries} }`);
  await writeFile(join(dir, "monitoring.config"), "prometheus_config { enable: true }");
  const [grpcPort, restPort] = [await freePort(), await freePort()];
  const flags = [
    `--port=${grpcPort}`,
    `--rest_api_port=${restPort}`,
    `--model_config_file=${join(dir, "models.config")}`,
    `--monitoring_config_file=${join(dir, "monitoring.config")}`,
    "--file_system_poll_wait_seconds=0.2",
    "--max_num_load_retries=0",
    "--allow_version_labels_for_unavailable_models=true",
    ...more,
  ];
  const child = spawn(python, ["-B", "-m", "lathe_tfs", ...flags], {
    cwd: join(repoRoot, "lab/tf-serving"),
    env: { ...process.env, PYTHONPATH: join(repoRoot, "lab/tensorflow") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const stop = async () => {
    if (child.exitCode === null && child.kill("SIGTERM")) await new Promise((done) => child.once("exit", done));
    await rm(dir, { recursive: true, force: true });
  };
  for (let waited = 0; !said.includes("Exporting HTTP/REST API"); waited += 100) {
    if (child.exitCode !== null || waited > 120_000) {
      await stop();
      throw new Error(`the stand-in did not start:\n${said}`);
    }
    await sleep(100);
  }
  return { grpcPort, restPort, models, child, log: () => said, stop };
}

/** A TCP port that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
