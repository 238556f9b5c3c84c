import { join } from "node:path";
import { cached } from "../../lib/cached.ts";
import { UserError } from "../../lib/errors.ts";
import { repoRoot } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { tryRun } from "../../lib/run.ts";
import { buildServer, go, stateOf } from "../go.ts";

const GHZ = "0.120.0";

/** The yardstick for gRPC that most people know, built from its Go module once. */
export async function ghz(progress: Progress): Promise<string> {
  const dir = await cached("speed", `ghz-${GHZ}`, async (partial) => {
    progress.step(`Building ghz ${GHZ} from its Go module`, 60);
    await go(["install", `github.com/bojand/ghz/cmd/ghz@v${GHZ}`], { env: { ...process.env, GOBIN: partial } });
    progress.done();
  });
  return join(dir, "ghz");
}

/** The server of fixed answers, built once for each state of its sources. */
export async function speedServer(progress: Progress): Promise<string> {
  const source = join(repoRoot, "selfbench", "clients", "server");
  const dir = await cached("speed", `server-${await stateOf(source)}`, async (partial) => {
    progress.step("Building the server of fixed answers", 20);
    await buildServer(source, partial);
    progress.done();
  });
  return join(dir, "server");
}

/** The yardstick for REST: from PATH, else Debian's package, installed where this runs as root. */
export async function wrk(progress: Progress): Promise<string> {
  if (await onPath("wrk")) return "wrk";
  if (process.getuid?.() === 0 && (await onPath("apt-get"))) {
    progress.step("Installing Debian's package wrk (apt-get install wrk)", 10);
    const apt = (...args: string[]) =>
      tryRun(["apt-get", ...args], { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
    const install = () => apt("install", "-y", "--no-install-recommends", "wrk");
    if ((await install()).exitCode !== 0) {
      await apt("update");
      await install();
    }
    progress.done();
    if (await onPath("wrk")) return "wrk";
  }
  throw new UserError({ what: "wrk is not on PATH", fix: "apt-get install wrk" });
}

async function onPath(program: string): Promise<boolean> {
  return (await tryRun(["sh", "-c", 'command -v "$1"', "sh", program])).exitCode === 0;
}
