import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "../../lib/cache/cached.ts";
import { leftovers } from "../../lib/cache/unfinished.ts";
import { cacheDir } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { needRoot } from "../debian/needs.ts";
import { mountsBelow } from "../leftovers.ts";
import { run, tryRun } from "../run.ts";
import { changesOf, copyOf } from "./copy.ts";
import type { Layer } from "./layer.ts";

/** Changed when the way a layer is made changes, so that older ones in the cache are not taken. */
const RECIPE = 1;

/**
 * A layer over others, made once and kept in the cache: `make` sees the files of all below as one root folder and changes
 * them as it likes (`inChroot`, `installPackages` and `installWheels` work there); the layer is what it changed. Needs to be root.
 *
 * It fits over these layers alone, in this order: overlayfs marks a folder that `make` made so that it hides others of its name.
 *
 * @param key names what `make` does: every version and option that changes it. What lies below is added to it
 */
export async function layerOver(
  below: readonly Layer[],
  key: string,
  make: (root: string) => Promise<void>,
  progress?: Progress,
): Promise<Layer> {
  needRoot();
  const hash = createHash("sha256")
    .update(JSON.stringify([RECIPE, key, below.map((layer) => layer.key)]))
    .digest("hex");
  const name = `layer-${key}-${hash.slice(0, 12)}`;
  for (const left of await leftovers(`${cacheDir("lab", name)}.partial`)) await unmountBelow(left);
  const wait = (pid: string) => progress?.note(`waiting for process ${pid}, which makes it now`, true);
  const build = async (partial: string) => {
    // Beside the layer's files, which are all that stays.
    const [upper, root, work] = await folders(partial, "files", "root", "work");
    await chmod(upper, 0o755);
    if (below.length === 0) await make(upper);
    else if (await mounted(below, upper, work, root)) {
      try {
        await make(root);
      } finally {
        await run(["umount", root]);
      }
    } else {
      progress?.note("overlayfs refuses this folder: all below is copied, which takes longer", true);
      await copyOf(below, root);
      await changesOf(root, make, upper);
    }
    await rm(root, { recursive: true });
    await rm(work, { recursive: true });
  };
  return { key: name, dir: join(await cached("lab", name, build, wait), "files") };
}

/** Shows the layers as one folder whose changes go to `upper`; false where this file system cannot (itself an overlay, NFS). */
async function mounted(below: readonly Layer[], upper: string, work: string, root: string): Promise<boolean> {
  // The kernel's list begins with the topmost. Without the options a rename or a chmod would leave marks that no image has.
  const lower = below.map((layer) => layer.dir).toReversed();
  const options = `lowerdir=${lower.join(":")},upperdir=${upper},workdir=${work},redirect_dir=off,metacopy=off,index=off`;
  return (await tryRun(["mount", "-t", "overlay", "lathe-layer", "-o", options, root])).exitCode === 0;
}

/** A process that was killed while it made a layer has left its mount, which would be in the way of removing the rest. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = mountsBelow(await readFile("/proc/self/mounts", "utf8"), folder);
  for (const mount of mounts.toReversed()) await tryRun(["umount", "-l", mount]);
}

async function folders<const N extends readonly string[]>(
  dir: string,
  ...names: N
): Promise<{ [K in keyof N]: string }> {
  for (const name of names) await mkdir(join(dir, name));
  return names.map((name) => join(dir, name)) as { [K in keyof N]: string };
}
