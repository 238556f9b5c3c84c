import { mkdir, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { exists } from "../../lib/cache/cached.ts";
import { UserError } from "../../lib/errors.ts";
import { diskFault } from "./jsonl.ts";

/**
 * The folder of the run that a person names: its id, or a path as the shell completes it (`runs/ID`); undefined: the newest.
 * Where there is none by that name: the one that it would have. @throws UserError if none is named and there are none
 */
export async function runDir(root: string, named: string | undefined, cwd: string): Promise<string> {
  const name = named ?? (await listRuns(root)).at(-1);
  if (name === undefined) throw new UserError({ what: `${root}: no runs yet`, fix: "npx lathe bench" });
  const among = resolve(root, name);
  if (await exists(join(among, "run.json"))) return among;
  const here = resolve(cwd, name);
  return (await exists(join(here, "run.json"))) ? here : among;
}

/** Folders of runs below `root`, oldest first. */
export async function listRuns(root: string): Promise<string[]> {
  const names = await readdir(root).catch(() => [] as string[]);
  return names.filter((name) => /^\d{4}-\d{2}-\d{2}T/.test(name)).sort();
}

/** Makes a new run's folder, named by its id. Runs that begin in the same second get folders of their own. */
export async function makeRunDir(root: string, now: Date): Promise<{ id: string; dir: string }> {
  const stamp = now
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(":", "-");
  await mkdir(root, { recursive: true }).catch((error: unknown) => {
    throw diskFault(root, error);
  });
  for (let n = 1; ; n++) {
    const id = n === 1 ? stamp : `${stamp}-${n}`;
    try {
      await mkdir(join(root, id));
      return { id, dir: join(root, id) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw diskFault(join(root, id), error);
    }
  }
}
