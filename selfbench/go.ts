import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type RunOptions, run } from "../lib/run.ts";

/** Runs `go`. @throws UserError with the end of its output if it fails */
export async function go(args: readonly string[], options: RunOptions = {}): Promise<void> {
  const fix = "see go's output above; Go 1.24 or newer (Go 1.21 to 1.23 fetches it) and a module proxy are needed";
  await run(["go", ...args], { fix, ...options });
}

/** Builds the Go program of a folder as one static file, `server` in another folder. */
export async function buildServer(source: string, into: string): Promise<void> {
  const args = ["build", "-trimpath", "-ldflags", "-s -w", "-o", join(into, "server"), "."];
  await go(args, { cwd: source, env: { ...process.env, CGO_ENABLED: "0" } });
}

/** A hash of a folder's files, as a key of the cache. */
export async function stateOf(folder: string): Promise<string> {
  const hash = createHash("sha256");
  for (const name of (await readdir(folder)).sort()) hash.update(name).update(await readFile(join(folder, name)));
  return hash.digest("hex").slice(0, 16);
}
