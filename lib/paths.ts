import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout's root folder. */
export const repoRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/** The program that every command is a verb of, for those who run it in a process of its own. */
export const latheProgram = join(repoRoot, "cli/main.ts");

/** Where slow things are kept: `LATHE_CACHE`, else `XDG_CACHE_HOME/lathe`, else `~/.cache/lathe`. Safe to delete. */
export function cacheDir(...parts: string[]): string {
  const env = process.env;
  const base = env["LATHE_CACHE"] ?? join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "lathe");
  return join(base, ...parts);
}
