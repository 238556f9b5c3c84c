import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The tests' server as a process of this machine. */
export interface PlainServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts it with models whose files hold these texts, as version 1 each. */
export async function startPlain(
  models: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<PlainServer> {
  const dir = await mkdtemp(join(tmpdir(), "lathe-plain-"));
  for (const [name, graph] of Object.entries(models)) {
    await mkdir(join(dir, name, "1"), { recursive: true });
    await writeFile(join(dir, name, "1", "saved_model.pb"), graph);
  }
  const script = join(import.meta.dirname, "server.py");
  const child = spawn("python3", ["-B", script, "--port", "0", "--models", dir], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const port = await new Promise<number>((resolve, reject) => {
    let said = "";
    child.on("error", reject);
    child.once("exit", () => reject(new Error(`the server ended: ${said}`)));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const found = /^plain: port (\d+),/m.exec(said)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
  });
  return {
    port,
    async stop() {
      child.kill("SIGTERM");
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
