import { access, constants, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { exists } from "../lib/cache/cached.ts";
import { cacheDir } from "../lib/paths.ts";
import { tryRun } from "../lib/run.ts";
import { builtPath } from "./build.ts";
import { fit } from "./fit.ts";
import type { Program } from "./programs.ts";

/** Where a program was found. */
export type Origin = "PATH" | "plugin cache" | "built";

/** A program that is there and fits. */
export interface Found {
  readonly name: Program["name"];
  readonly version: string;
  readonly path: string;
  readonly from: Origin;
  readonly note?: string;
}

/** A program that is not there. `why` names programs that were found but do not fit, if there are any. */
export interface Missing {
  readonly name: Program["name"];
  readonly missing: true;
  readonly why?: string;
}

/** The user's own Pulumi home, also if this process runs in a `pulumi` that has Lathe's home (`composeEnv`). */
export function userPulumiHome(env: NodeJS.ProcessEnv = process.env): string {
  const home = env["PULUMI_HOME"];
  const remembered = env["LATHE_USER_PULUMI_HOME"];
  if (home?.startsWith(cacheDir("toolchain")) && remembered !== undefined) return remembered;
  return home ?? join(homedir(), ".pulumi");
}

/** Looks for each program on the PATH and in Pulumi's plugin cache, then among those that Lathe has built. Builds nothing. */
export async function locate(programs: readonly Program[], env: NodeJS.ProcessEnv): Promise<(Found | Missing)[]> {
  const pair = programs.filter((p) => p.plugin === undefined);
  const plugins = programs.filter((p) => p.plugin !== undefined);
  return [...(await locatePair(pair, env)), ...(await Promise.all(plugins.map((p) => locatePlugin(p, env))))];
}

/** Finds the engine and its language host, both in one folder: the engine warns if the host is in another. */
async function locatePair(pair: readonly Program[], env: NodeJS.ProcessEnv): Promise<(Found | Missing)[]> {
  const [engine, host] = pair;
  if (engine === undefined || host === undefined) return [];
  const passed: string[] = [];
  for (const path of await onPath(engine.name, env)) {
    const version = await ask(path, ["version"], env);
    const verdict = fit(engine, version);
    const hostPath = join(dirname(await realpath(path)), host.name);
    if (!verdict.fits) passed.push(`${path} ${verdict.why}`);
    else if (!(await executable(hostPath))) passed.push(`${path} has no ${host.name} beside it`);
    else
      return [
        { name: engine.name, version, path, from: "PATH" },
        { name: host.name, version, path: hostPath, from: "PATH", note: "comes with pulumi" },
      ];
  }
  return Promise.all(pair.map((program) => locateBuilt(program, program === engine ? passed : [])));
}

async function locatePlugin(program: Program, env: NodeJS.ProcessEnv): Promise<Found | Missing> {
  const passed: string[] = [];
  const inCache = join(pluginFolder(userPulumiHome(env), program), program.name);
  // With a `.partial` file beside the folder, Pulumi marks an installation that was not finished.
  if ((await executable(inCache)) && !(await exists(`${dirname(inCache)}.partial`)))
    return { name: program.name, version: program.wanted, path: inCache, from: "plugin cache" };
  for (const path of await onPath(program.name, env)) {
    const version = await ask(path, ["--version"], env);
    const verdict = fit(program, version);
    if (verdict.fits) return { name: program.name, version, path, from: "PATH" };
    passed.push(`${path} ${verdict.why}`);
  }
  return locateBuilt(program, passed);
}

async function locateBuilt(program: Program, passed: readonly string[]): Promise<Found | Missing> {
  const path = await builtPath(program);
  if (!(await exists(path)))
    return { name: program.name, missing: true, ...(passed.length > 0 && { why: passed.join("; ") }) };
  const notes = [program.recipe.note, ...passed].filter((note) => note !== undefined);
  return {
    name: program.name,
    version: program.recipe.builtVersion.replace(/^v/, ""),
    path,
    from: "built",
    ...(notes.length > 0 && { note: notes.join("; ") }),
  };
}

/** The folder below a Pulumi home in which the engine looks for a plugin. */
export function pluginFolder(home: string, program: Program): string {
  return join(home, "plugins", `resource-${program.plugin ?? ""}-v${program.wanted}`);
}

async function onPath(name: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const candidates = (env["PATH"] ?? "")
    .split(delimiter)
    .filter((dir) => dir !== "")
    .map((dir) => join(dir, name));
  const there = await Promise.all(candidates.map(executable));
  return candidates.filter((_, i) => there[i]);
}

async function executable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The version that a program prints in its first line; empty if it fails or does not answer. */
async function ask(path: string, argv: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const quiet = { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const result = await tryRun([path, ...argv], { env: quiet, timeoutMs: 5_000 }).catch(() => undefined);
  return result?.exitCode === 0 ? (result.stdout.split("\n")[0] ?? "").trim().replace(/^v/, "") : "";
}
