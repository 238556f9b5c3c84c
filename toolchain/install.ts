import { dirname, delimiter } from "node:path";
import type { Progress } from "../lib/progress.ts";
import { tryRun } from "../lib/run.ts";
import type { Found, Missing } from "./find.ts";
import type { Program } from "./programs.ts";

/** A download that takes longer is given up, and the plugin is built. */
const PATIENCE_MS = 120_000;

/**
 * Lets the user's own `pulumi` fetch missing plugins; does nothing if there is no `pulumi` on the PATH that fits.
 *
 * @returns whether anything was installed. If a download fails, progress says so, and the plugin is built instead
 */
export async function install(
  all: readonly (Found | Missing)[],
  missing: readonly Program[],
  progress: Progress,
): Promise<boolean> {
  const pulumi = all.find((p) => p.name === "pulumi");
  if (pulumi === undefined || "missing" in pulumi || pulumi.from !== "PATH") return false;
  let installed = false;
  for (const program of missing) {
    if (program.plugin === undefined) continue;
    progress.step(`fetching plugin ${program.plugin} ${program.wanted} with ${pulumi.path}`);
    const result = await tryRun([pulumi.path, "plugin", "install", "resource", program.plugin, program.wanted], {
      timeoutMs: PATIENCE_MS,
      env: {
        ...process.env,
        PATH: [dirname(pulumi.path), process.env["PATH"] ?? ""].join(delimiter),
        PULUMI_SKIP_UPDATE_CHECK: "true",
      },
    });
    if (result.exitCode !== 0) {
      progress.done("cannot be fetched here, will be built");
      // The next download would most likely fail as well: do not wait for it.
      return installed;
    }
    installed = true;
  }
  return installed;
}
