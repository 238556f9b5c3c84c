import { basename, join } from "node:path";
import { cached } from "../../lib/cache/cached.ts";
import type { Progress } from "../../lib/progress.ts";
import { debianBase, installPackages } from "../base.ts";
import { run } from "../run.ts";
import type { Layer } from "./layer.ts";
import { layerOver } from "./over.ts";

/** Changed when what is left out changes. */
const RECIPE = 1;

/**
 * The lowest layer of an image: this machine's own release of Debian or Ubuntu with some packages, without documentation. Images
 * whose lowest layer has the same packages share it. Needs to be root.
 */
export async function debianLayer(progress: Progress, packages: readonly string[]): Promise<Layer> {
  const base = await debianBase(progress, packages);
  const key = `layer-${RECIPE}-${basename(base)}`;
  const dir = await cached("lab", key, async (partial) => {
    // Hard links: what is taken away here is not taken away there.
    await run(["cp", "-al", `${base}/.`, partial]);
    await withoutDocumentation(partial);
  });
  return { key, dir };
}

/** A layer of further Debian packages, with what they need, over layers that have Debian. Needs to be root. */
export async function packagesLayer(
  below: readonly Layer[],
  packages: readonly string[],
  progress: Progress,
): Promise<Layer> {
  const sorted = [...new Set(packages)].sort();
  const make = async (root: string) => {
    progress.step(`Debian packages for an image: ${packages.join(", ")}`, 60);
    await installPackages(root, sorted, progress);
    await withoutDocumentation(root);
    progress.done();
  };
  return layerOver(below, `debian-${RECIPE}-${sorted.join("+").slice(0, 60)}`, make, progress);
}

const LEFT_OUT = [
  ...["doc", "man", "locale", "info", "bash-completion"].map((name) => `usr/share/${name}`),
  ...["lib/apt/lists", "cache/apt", "log"].map((name) => `var/${name}`),
];

/** Removes files that no server reads. Their folders stay: packages that are installed later count on some (man1). */
async function withoutDocumentation(root: string): Promise<void> {
  const script = `for folder; do [ ! -d "$folder" ] || find "$folder" ! -type d -delete; done`;
  await run(["sh", "-c", script, "sh", ...LEFT_OUT.map((folder) => join(root, folder))], {
    what: "removal of documentation",
  });
}
