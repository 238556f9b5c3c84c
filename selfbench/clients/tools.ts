import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "../../lib/cached.ts";
import { UserError } from "../../lib/errors.ts";
import { repoRoot } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { tryRun } from "../../lib/run.ts";

const GHZ = "0.120.0";

/** The yardstick for gRPC that most people know, built from its Go module once. */
export async function ghz(progress: Progress): Promise<string> {
  const dir = await cached("speed", `ghz-${GHZ}`, async (partial) => {
    progress.step(`Building ghz ${GHZ} from its Go module`, 60);
    await go(["install", `github.com/bojand/ghz/cmd/ghz@v${GHZ}`], repoRoot, { GOBIN: partial });
    progress.done();
  });
  return join(dir, "ghz");
}

/** The fixed-answer server, built once for each state of its sources. */
export async function speedServer(progress: Progress): Promise<string> {
  const source = join(repoRoot, "selfbench", "clients", "server");
  const hash = createHash("sha256");
  for (const name of (await readdir(source)).sort()) hash.update(name).update(await readFile(join(source, name)));
  const dir = await cached("speed", `server-${hash.digest("hex").slice(0, 16)}`, async (partial) => {
    progress.step("Building the fixed-answer server", 20);
    await go(["build", "-trimpath", "-o", join(partial, "server"), "."], source, {});
    progress.done();
  });
  return join(dir, "server");
}

async function go(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Promise<void> {
  const result = await tryRun(["go", ...args], { cwd, env: { ...process.env, ...env } });
  if (result.exitCode === 0) return;
  throw new UserError({
    what: `go ${args.join(" ")} failed:\n${result.stderr.trim().split("\n").slice(-8).join("\n")}`,
    fix: "see go's words above; Go 1.21 or newer and a module proxy (`go env GOPROXY`) are needed",
  });
}

/** The yardstick for REST: from PATH, else Debian's package, installed where this runs as root. */
export async function wrk(progress: Progress): Promise<string> {
  if (await onPath("wrk")) return "wrk";
  const install = ["install", "-y", "--no-install-recommends", "wrk"];
  if (process.getuid?.() === 0 && (await onPath("apt-get"))) {
    progress.step("Installing Debian's package wrk (apt-get install wrk)", 10);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const first = await tryRun(["apt-get", ...install], { env });
    if (first.exitCode !== 0) {
      await tryRun(["apt-get", "update"], { env });
      await tryRun(["apt-get", ...install], { env });
    }
    progress.done();
    if (await onPath("wrk")) return "wrk";
  }
  throw new UserError({ what: "wrk is not on PATH", fix: "apt-get install wrk" });
}

async function onPath(program: string): Promise<boolean> {
  return (await tryRun(["sh", "-c", 'command -v "$1"', "sh", program])).exitCode === 0;
}
