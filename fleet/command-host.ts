import { spawn } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repoRoot } from "../lib/paths.ts";

/** It ends by itself unless an engine that was killed has left somebody who asks. */
const END_MS = 2000;

/** A process that runs the programs of all stacks' resources (infra/host-programs/start/host.ts). */
export interface CommandHost {
  /** For the engines: how what they start finds it. */
  readonly env: Readonly<Record<string, string>>;
  /** To be called when no engine is at work any more. */
  close(): Promise<void>;
}

/**
 * Starts one. Nobody waits for it or is told where it fails: whoever does not find it does its work itself.
 *
 * @param env the engines' environment: what they start runs in the same wherever it runs
 * @param log where it says what it should never have to say
 */
export async function commandHost(env: NodeJS.ProcessEnv, log: string): Promise<CommandHost> {
  // Its user's alone: what it is told may be secret.
  const dir = await mkdtemp(join(tmpdir(), "lathe-commands-"));
  const socket = join(dir, "socket");
  const said = await open(log, "w", 0o600);
  const child = spawn(process.execPath, [join(repoRoot, "infra/host-programs/start/host.ts"), socket], {
    env,
    stdio: ["ignore", said.fd, said.fd, "ipc"],
    // Ctrl-C in a terminal is for this process, which passes it on to the engines.
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()).once("error", () => resolve()));
  await said.close();
  return {
    env: { LATHE_COMMANDS: socket },
    async close() {
      if (child.connected) child.disconnect();
      const late = setTimeout(() => child.kill("SIGKILL"), END_MS);
      await ended.finally(() => clearTimeout(late));
      await rm(dir, { recursive: true, force: true });
    },
  };
}
