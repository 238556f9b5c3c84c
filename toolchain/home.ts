import { createHash } from "node:crypto";
import { copyFile, link, mkdir, readdir, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { cached } from "../lib/cache/cached.ts";
import { pluginFolder, userPulumiHome, type Found } from "./find.ts";
import type { Program } from "./programs.ts";

/*
 * Makes the folders in which the engine finds programs that are not where it looks by itself.
 *
 * The engine takes resource plugins from `plugins/` of its home folder. It takes them from the PATH too, but then it warns. In
 * the user's own home, Lathe's builds would be used by the user's other projects as if they were the published plugins. So
 * Lathe has a home of its own in its cache. What belongs to the user is not copied: `workspaces/` (the selected stacks) is a
 * link to the user's, and logins stay where they are (see `composeEnv`).
 */

/** The folders that `pulumi` runs from. */
export interface Layout {
  readonly pulumiFolder: string;
  /** Absent if the user's own home has every plugin. */
  readonly ownHome?: string;
}

/** Makes the folders for the engine. It may be called again at no cost: their names are hashes of what they hold. */
export async function layOut(programs: readonly Program[], found: readonly Found[]): Promise<Layout> {
  const userHome = userPulumiHome();
  const of = (program: Program) => {
    const one = found.find((f) => f.name === program.name);
    if (one === undefined) throw new Error(`${program.name} was not found`);
    return one;
  };
  const pair = programs.filter((p) => p.plugin === undefined).map(of);
  const plugins = programs.filter((p) => p.plugin !== undefined);
  const bin = pair.some((p) => p.from === "built") ? await binFolder(pair) : dirname(pair[0]?.path ?? "");
  if (plugins.every((p) => of(p).from === "plugin cache")) return { pulumiFolder: bin };

  await mkdir(join(userHome, "workspaces"), { recursive: true, mode: 0o700 });
  const key = hash([userHome, ...plugins.flatMap((p) => [p.wanted, of(p).path])]);
  const ownHome = await cached("toolchain", `home-${key}`, async (dir) => {
    await symlink(join(userHome, "workspaces"), join(dir, "workspaces"));
    for (const program of plugins) {
      const from = of(program).path;
      const folder = pluginFolder(dir, program);
      await mkdir(folder, { recursive: true });
      // A folder of the plugin cache may hold more than the program; a folder on the PATH holds all sorts of things.
      const names = of(program).from === "plugin cache" ? await readdir(dirname(from)) : [basename(from)];
      for (const name of names) await symlink(join(dirname(from), name), join(folder, name));
    }
  });
  return { pulumiFolder: bin, ownHome };
}

/** One folder with `pulumi` and its language host. They are files, not links: the engine follows links when it looks beside itself. */
async function binFolder(pair: readonly Found[]): Promise<string> {
  return cached("toolchain", `bin-${hash(pair.map((p) => p.path))}`, async (dir) => {
    for (const { path, name } of pair) await link(path, join(dir, name)).catch(() => copyFile(path, join(dir, name)));
  });
}

function hash(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
}
