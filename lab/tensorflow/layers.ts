import { glob, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Progress } from "../../lib/progress.ts";
import { requirementsFile } from "../../models/python.ts";
import { debianLayer } from "../layers/debian.ts";
import type { Layer } from "../layers/layer.ts";
import { ownLayer } from "../layers/own.ts";
import { selectRequirements } from "../layers/requirements.ts";
import { type Wheels, wheelsLayer } from "../layers/wheels.ts";
import { tryRun } from "../run.ts";

/** TensorFlow for its C library and message classes, and what they import. */
export const RUNTIME_PACKAGES: readonly string[] = ["intel-tensorflow", "numpy", "protobuf"];

/** What a server's environment needs beside its own variables wherever TensorFlow's session runs models. */
export const RUNTIME_ENV = {
  // An OpenMP thread that waits spins this long (ms) before it sleeps: the library's own 200 starves neighbours.
  KMP_BLOCKTIME: "1",
  LANG: "C.UTF-8",
} as const;

/** Loads and runs SavedModels over TensorFlow's C library. */
export const SESSION_PACKAGE = join(import.meta.dirname, "lathe_tf");

/** Debian's Python: the lowest layer of images whose server is a Python program. Kinds that take it share it. */
export const pythonLayer = (progress: Progress): Promise<Layer> => debianLayer(progress, ["python3"]);

/**
 * The layers of an image whose server runs models in TensorFlow's own session, lowest first: Debian's Python, TensorFlow's wheels
 * without their Python half, the wheels of the kind's own, and the package `lathe_tf`, which loads and runs SavedModels over
 * TensorFlow's C library. Needs to be root.
 *
 * @param own below `lathe_tf`, so that a changed line of it does not mean another installation
 */
export async function tensorflowLayers(progress: Progress, ...own: readonly Wheels[]): Promise<readonly Layer[]> {
  const requirements = selectRequirements(await readFile(requirementsFile, "utf8"), RUNTIME_PACKAGES);
  const layers = [await pythonLayer(progress)];
  for (const wheels of [{ name: "tensorflow", requirements, trim, trimmed: "1" }, ...own])
    layers.push(await wheelsLayer(layers, wheels, progress));
  return [...layers, await ownLayer(layers, { name: "lathe_tf", packages: [SESSION_PACKAGE] })];
}

/** Leaves out what running a graph never touches: TensorFlow's Python half and headers, tests, and symbols for debuggers. */
async function trim(packages: string): Promise<void> {
  const tensorflow = join(packages, "tensorflow");
  const keep = /^(core|tsl|libtensorflow_(cc|framework)\.so\.2)$/;
  const drop = (await readdir(tensorflow)).filter((name) => !keep.test(name)).map((name) => join(tensorflow, name));
  const patterns = ["*/tests", "*/*/tests", "numpy/f2py", "numpy/core/include", "numpy/distutils"];
  for await (const path of glob(patterns, { cwd: packages })) drop.push(join(packages, path));
  for (const path of drop) await rm(path, { recursive: true, force: true });
  // Symbols are a fifth of the library; where this machine has no `strip`, they stay.
  for (const name of await readdir(tensorflow))
    if (name.endsWith(".so.2")) await tryRun(["strip", "--strip-unneeded", join(tensorflow, name)]);
}
