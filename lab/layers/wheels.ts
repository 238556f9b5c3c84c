import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Progress } from "../../lib/progress.ts";
import { pythonEnv } from "../../models/python.ts";
import { inChroot } from "../base.ts";
import { run } from "../run.ts";
import type { Layer } from "./layer.ts";
import { layerOver } from "./over.ts";

/** Changed when the way wheels are laid changes, so that older layers in the cache are not taken. */
const RECIPE = 1;

/** Wheels are tagged with the oldest C library they run on; any of these is fine for a Debian of today. */
const PLATFORMS = ["_2_35", "_2_31", "_2_28", "_2_27", "_2_17", "2014", "_2_5", "1"].map(
  (libc) => `manylinux${libc}_x86_64`,
);

/** Python packages for an image. */
export interface Wheels {
  /** What they are for: in messages and in the layer's key. */
  readonly name: string;
  /** A pip requirements text in which every package is pinned with its hashes; what they need is listed too. */
  readonly requirements: string;
  /** Where they go, below the root; absent: where Debian's Python finds them. */
  readonly folder?: string;
  /** Takes away from the wheels, before they go there, what the server never touches. */
  readonly trim?: (folder: string) => Promise<void>;
  /** Names what `trim` does: changed with it, so that an older layer in the cache is not taken. */
  readonly trimmed?: string;
}

/** A layer of wheels over layers that have Debian's Python, compiled. Needs to be root. */
export async function wheelsLayer(below: readonly Layer[], wheels: Wheels, progress: Progress): Promise<Layer> {
  const hash = createHash("sha256")
    .update(JSON.stringify([RECIPE, wheels]))
    .digest("hex")
    .slice(0, 12);
  const make = async (root: string) => {
    progress.step(`Python packages for an image: ${wheels.name}`, 40);
    await installWheels(root, wheels, progress);
    progress.done();
  };
  return layerOver(below, `wheels-${wheels.name}-${hash}`, make, progress);
}

/**
 * Installs wheels into a root folder. pip runs outside, for the Python inside: the image needs no pip. Files of a package that is
 * there already are replaced. @returns their folder
 */
export async function installWheels(root: string, wheels: Wheels, progress: Progress): Promise<string> {
  const { python } = await pythonEnv(progress);
  const version = await pythonOf(root);
  const folder = wheels.folder ?? packagesFolder(version);
  const target = join(root, folder);
  // Beside it and not into it: pip leaves folders alone that are there, such as those that two packages share.
  const fresh = `${target}.new`;
  const lists = await mkdtemp(join(tmpdir(), "lathe-wheels-"));
  try {
    const list = join(lists, "requirements.txt");
    await writeFile(list, wheels.requirements);
    const platforms = PLATFORMS.flatMap((name) => ["--platform", name]);
    const kind = ["--implementation", "cp", "--python-version", version, "--only-binary=:all:", ...platforms];
    const how = ["--no-deps", "--require-hashes", "--no-cache-dir", "--no-compile", "--progress-bar", "off"];
    await run([python, "-m", "pip", "install", "--target", fresh, ...kind, ...how, "-r", list], {
      what: `pip install of ${wheels.name}`,
      fix: "pip's own settings are used: pip config list",
      onLine: (line) => progress.note(line.slice(0, 60)),
    });
  } finally {
    await rm(lists, { recursive: true, force: true });
  }
  await rm(join(fresh, "bin"), { recursive: true, force: true });
  await wheels.trim?.(fresh);
  await mkdir(target, { recursive: true });
  await run(["cp", "-alf", `${fresh}/.`, target]);
  await rm(fresh, { recursive: true });
  progress.note("compiling");
  await inChroot(root, ["python3", "-m", "compileall", "-q", "-j", "0", `/${folder}`]);
  return target;
}

/** The version of a root's Python, as its folders name it: `3.11`. */
export async function pythonOf(root: string): Promise<string> {
  const names = await readdir(join(root, "usr/bin"));
  return names.find((name) => /^python3\.\d+$/.test(name))?.slice("python".length) ?? "3.11";
}

/** Where Debian's Python looks for packages that are not Debian's, below the root. */
export const packagesFolder = (version: string): string => `usr/local/lib/python${version}/dist-packages`;
