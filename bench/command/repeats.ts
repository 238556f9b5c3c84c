import { join, resolve } from "node:path";
import { readManifest } from "../records/manifest.ts";
import { listRuns } from "../records/run-folders.ts";

/** So many pairs of repeated runs are read at most: each takes as long as a comparison. */
const MOST_PAIRS = 4;

/**
 * Runs that repeat one of two runs (`bench --repeat`), each paired with the run that it repeats. The two runs themselves are no such
 * pair: they are what is asked about.
 *
 * @param root the folder where runs are kept
 * @param of folders of two runs
 * @returns folders of pairs
 */
export async function repeatsOf(root: string, of: readonly [string, string]): Promise<(readonly [string, string])[]> {
  const asked = of.map((dir) => resolve(dir));
  const folders = (await listRuns(root)).map((name) => join(root, name));
  const known = new Map<string, { readonly id: string; readonly repeats?: string | undefined }>();
  for (const dir of new Set([...asked, ...folders])) {
    // A folder of another version, or a damaged one, repeats nothing.
    const manifest = await readManifest(dir).catch(() => undefined);
    if (manifest !== undefined) known.set(dir, { id: manifest.id, repeats: manifest.repeats });
  }
  const families = new Set(
    asked.flatMap((dir) => [known.get(dir)?.id, known.get(dir)?.repeats].filter((id) => id !== undefined)),
  );
  const byId = new Map([...known].map(([dir, { id }]) => [id, dir]));
  const pairs = [...known].flatMap(([dir, { repeats }]): (readonly [string, string])[] => {
    const first = repeats === undefined || !families.has(repeats) ? undefined : byId.get(repeats);
    return first === undefined ? [] : [[first, dir]];
  });
  return pairs.filter((pair) => !pair.every((dir) => asked.includes(dir))).slice(0, MOST_PAIRS);
}
