import { join } from "node:path";
import { cached } from "../../lib/cache/cached.ts";
import { repoRoot } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { buildServer, go, stateOf } from "../go.ts";

const GHZ = "0.120.0";

/** ghz, which most people use to measure gRPC, built from its Go module once. */
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
