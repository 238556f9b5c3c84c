import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { debianBase } from "../../lab/base.ts";
import type { ImageSource } from "../../lab/index.ts";
import { run } from "../../lab/run.ts";
import { cached } from "../../lib/cache/cached.ts";
import { repoRoot } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { buildServer, stateOf } from "../go.ts";

/** A sentence that stands beside this benchmark's numbers. */
export const SMALL_SERVER =
  "The servers are not TF Serving but a small program that answers the same gate (model status, predict over gRPC and REST): " +
  "what is measured is the deployment, not the loading of a model.";

/** The small server as an image: a static program, and bash with its libraries for health check and gate. */
export async function smallServer(progress: Progress): Promise<ImageSource> {
  const source = join(repoRoot, "selfbench", "fleet", "server");
  const key = `fleet-server-2-${await stateOf(source)}`;
  const base = await debianBase(progress);
  const dir = await cached("speed", key, async (partial) => {
    progress.step("Building the small server", 20);
    // The root is read-only, so mount points must exist.
    for (const name of ["models", "tmp"]) await mkdir(join(partial, name));
    await buildServer(source, partial);
    const libraries = (await run(["chroot", base, "ldd", "/bin/bash"])).matchAll(/(\/lib\S+)/g);
    for (const path of ["/bin/bash", ...[...libraries].map((match) => match[1] ?? "")]) {
      const real = (await run(["chroot", base, "readlink", "-f", path])).trim();
      await mkdir(dirname(join(partial, path)), { recursive: true });
      await copyFile(join(base, real), join(partial, path));
    }
    progress.done();
  });
  return {
    name: "lathe/fleet-server",
    tag: "bench",
    layers: [{ key, dir }],
    config: {
      entrypoint: ["/server"],
      exposedPorts: ["8500/tcp", "8501/tcp"],
      labels: { "org.lathe.stand-in": "selfbench/fleet/server" },
    },
  };
}
