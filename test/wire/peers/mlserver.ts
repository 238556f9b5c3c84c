import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HttpConnection } from "../../../clients/transport/http.ts";
import { progress } from "../../../lib/progress.ts";
import { packages } from "../../../selfbench/packages.ts";
import { freePort } from "../tfs.ts";

/** MLServer 1.7.1 in a process of its own, with one model: `every-type`. */
export interface MlServer {
  readonly grpcPort: number;
  readonly restPort: number;
  stop(): Promise<void>;
}

const STARTS_MS = 120_000;

/** Installs it once, starts it and waits until its model is ready. */
export async function mlServer(): Promise<MlServer> {
  const { python } = await packages("mlserver", join(import.meta.dirname, "mlserver.txt"), progress());
  const dir = await mkdtemp(join(tmpdir(), "lathe-mlserver-"));
  const [restPort, grpcPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
  await mkdir(join(dir, "every-type"));
  const settings = {
    ...{ host: "127.0.0.1", http_port: restPort, grpc_port: grpcPort, metrics_port: metricsPort, debug: false },
    // In its own process, and without what would write elsewhere.
    ...{ parallel_workers: 0, environments_dir: join(dir, "envs"), metrics_dir: join(dir, "metrics") },
  };
  const model = { name: "every-type", implementation: "every_type.EveryType", parameters: { version: "1" } };
  await writeFile(join(dir, "settings.json"), JSON.stringify(settings));
  await writeFile(join(dir, "every-type", "model-settings.json"), JSON.stringify(model));
  const env = { ...process.env, PYTHONPATH: join(import.meta.dirname, "mlserver"), PYTHONDONTWRITEBYTECODE: "1" };
  const child = spawn(python, ["-m", "mlserver.cli.main", "start", dir], {
    ...{ cwd: dir, env, stdio: ["ignore", "pipe", "pipe"] as const },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said = `${said}${text}`.slice(-20_000)));
  const ended = new Promise((done) => child.once("exit", done));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(dir, { recursive: true, force: true });
  };
  for (let waited = 0; !(await isReady(restPort)); waited += 200) {
    if (child.exitCode !== null || waited > STARTS_MS) {
      await stop();
      throw new Error(`MLServer did not start:\n${said}`);
    }
    await sleep(200);
  }
  return { grpcPort, restPort, stop };
}

async function isReady(port: number): Promise<boolean> {
  const connection = new HttpConnection("127.0.0.1", port);
  try {
    await connection.ready(1000);
    return (await connection.exchange("GET", "/v2/models/every-type/ready", null, 2000)).status === 200;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}
