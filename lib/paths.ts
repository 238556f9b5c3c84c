import { homedir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout's root folder. */
export const repoRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/** The program `lathe`, for code that runs a verb in another process. */
export const latheProgram = join(repoRoot, "cli/main.ts");

/** Where downloads and builds are kept: `LATHE_CACHE`, else `XDG_CACHE_HOME/lathe`, else `~/.cache/lathe`. Safe to delete. */
export function cacheDir(...parts: string[]): string {
  const env = process.env;
  const base = env["LATHE_CACHE"] ?? join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "lathe");
  return join(base, ...parts);
}

/** The folder in which the command was typed. (npm runs scripts in the project's folder.) */
export function typedIn(env: NodeJS.ProcessEnv = process.env): string {
  return env["INIT_CWD"] ?? process.cwd();
}

/** The file or folder that an option names: absolute, from `~/`, or from where the command was typed. */
export function typedPath(text: string): string {
  return resolve(typedIn(), text.replace(/^~(?=\/|$)/, homedir()));
}

/** A path as messages and records show it: relative to the checkout if it is inside, else absolute. */
export function shownPath(path: string): string {
  const inside = relative(repoRoot, path);
  return inside === "" || inside.startsWith("..") ? path : inside;
}
