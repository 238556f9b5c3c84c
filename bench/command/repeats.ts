import { join, resolve } from "node:path";
import { readManifest } from "../records/manifest.ts";
import { listRuns } from "../records/run-folders.ts";

/** At most this many pairs of repeated runs are read: each takes as long as a comparison. */
const MOST_PAIRS = 4;

/**
 * Finds the repeats (`bench --repeat`) of two runs that are to be compared, and pairs each with the run that it repeats. The two
 * runs themselves are not such a pair.
 *
 * @param root the folder in which runs are kept
 * @param of the two runs' folders
 * @returns the folders of each pair
 */
export async function repeatsOf(root: string, of: readonly [string, string]): Promise<(readonly [string, string])[]> {
  const asked = of.map((dir) => resolve(dir));
  const folders = (await listRuns(root)).map((name) => join(root, name));
  const known = new Map<string, { readonly id: string; readonly repeats?: string | undefined }>();
  for (const dir of new Set([...asked, ...folders])) {
    // A run of another version, or a damaged one, counts as no repeat.
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
