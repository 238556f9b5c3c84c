import { mkdir, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { exists } from "../lib/cache/cached.ts";
import { temporaryName } from "../lib/cache/unfinished.ts";
import { UserError } from "../lib/errors.ts";
import { cacheDir, repoRoot } from "../lib/paths.ts";
import { tryRun } from "../lib/run.ts";
import { fileDigest } from "../lib/registry/http.ts";

/** Whether this is the folder of a user's own model: it has a slash, which no name of the catalogue has. */
export function isOwnModel(source: string): boolean {
  return source.includes("/");
}

/**
 * Packs a user's own SavedModel folder. The same files give the same archive, byte for byte.
 *
 * @param folder a version folder (`saved_model.pb` at its top): absolute, from `~/`, or from the checkout
 * @throws UserError if it is no SavedModel, or cannot be packed
 */
export async function packOwnModel(folder: string): Promise<{ archive: string; sha256: string }> {
  const path = resolve(repoRoot, folder.replace(/^~(?=\/)/, homedir()));
  const model = await Promise.all(["saved_model.pb", "saved_model.pbtxt"].map((name) => exists(join(path, name))));
  if (!(await stat(path).catch(() => undefined))?.isDirectory() || !model.includes(true))
    throw new UserError({
      what: `lathe:models: ${folder}: no saved_model.pb in ${path}`,
      expected: "a SavedModel folder, whose serving_default takes uint8 [N,H,W,3] as `inputs`",
      fix: "name the folder that tf.saved_model.save wrote",
    });
  const packing = temporaryName(cacheDir("models", "own"));
  await mkdir(packing, { recursive: true });
  try {
    const archive = join(packing, "model.tar");
    const fixed = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX"];
    const packed = await tryRun(["tar", "--create", "--file", archive, ...fixed, "-C", path, "."]);
    if (packed.exitCode !== 0)
      throw new UserError({ what: `lathe:models: ${folder} cannot be packed: ${packed.stderr.trim()}` });
    const sha256 = await fileDigest(archive);
    const kept = cacheDir("models", `own-${sha256}`, "model.tar");
    await mkdir(dirname(kept), { recursive: true });
    await rename(archive, kept);
    return { archive: kept, sha256 };
  } finally {
    await rm(packing, { recursive: true, force: true });
  }
}
