import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { repoRoot } from "../../../lib/paths.ts";

/** The agent: two files. */
export interface AgentBundle {
  /** SHA-256 over both files, in hex: where the agent lies on a client machine. */
  readonly key: string;
  /** The worker and all it imports, as one ES module. */
  readonly script: Uint8Array;
  /** The Node binary that runs the bench itself; it is sent along, so a client machine needs no Node. */
  readonly nodePath: string;
  /** `process.arch` that the binary is for: `x64`, `arm64`. */
  readonly arch: string;
}

/** Bundles the agent. Deterministic: the same sources give the same key. */
export async function bundleAgent(): Promise<AgentBundle> {
  const result = await build({
    entryPoints: [join(repoRoot, "bench/run/agent/main.ts")],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node22",
    legalComments: "none",
    logLevel: "silent",
    absWorkingDir: repoRoot,
    // CommonJS packages inside an ES module bundle still call require() for Node's own modules.
    banner: { js: 'import { createRequire as __cr } from "node:module"; const require = __cr(import.meta.url);' },
  });
  const script = result.outputFiles[0]?.contents;
  if (script === undefined) throw new Error("esbuild gave no output for the agent");
  const node = await readFile(process.execPath);
  const key = createHash("sha256").update(script).update(node).digest("hex");
  return { key, script, nodePath: process.execPath, arch: process.arch };
}
