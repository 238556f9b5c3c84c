import { createHash } from "node:crypto";
import { chmod, cp, glob, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { cached } from "../../lib/cache/cached.ts";
import type { Progress } from "../../lib/progress.ts";
import { pythonEnv, requirementsFile } from "../../models/python.ts";
import { debianBase, inChroot } from "../base.ts";
import type { ImageSource, StandIn } from "../images.ts";
import { run, tryRun } from "../run.ts";
import { SERVER_PACKAGES, selectRequirements } from "./requirements.ts";

/** Changed when the way the runtime is made changes, so that an older one in the cache is not taken. */
const RECIPE = 2;

/** Put on the image's PATH under the real image's names. */
const SCRIPTS = ["tensorflow_model_server", "tf_serving_entrypoint.sh"] as const;

/** Wheels are tagged with the oldest C library they run on; any of these is fine for a Debian of today. */
const PLATFORMS = ["_2_28", "_2_27", "_2_17", "2014", "_2_5", "1"].map((libc) => `manylinux${libc}_x86_64`);

/** How the stand-in's image starts; the variables and their defaults are the Intel image's. */
const serverConfig = {
  entrypoint: ["/usr/bin/tf_serving_entrypoint.sh"],
  env: {
    MODEL_BASE_PATH: "/models",
    MODEL_NAME: "model",
    TENSORFLOW_INTER_OP_PARALLELISM: "2",
    // An OpenMP thread that waits spins this long (ms) before it sleeps: the library's own 200 starves neighbours.
    KMP_BLOCKTIME: "1",
    LANG: "C.UTF-8",
  },
  labels: { "org.lathe.stand-in": "tensorflow-serving" },
  exposedPorts: ["8500/tcp", "8501/tcp"],
} as const satisfies ImageSource["config"];

/** The stand-in's root folder: Debian, Python, the pinned wheels, and the stand-in laid over them. Needs to be root. */
export async function buildServerRootfs(progress: Progress): Promise<Pick<ImageSource, "key" | "rootfs" | "config">> {
  const runtime = await buildRuntime(progress);
  const key = `${runtime.key}-${await sourceHash()}`;
  const dir = await cached("lab", key, async (partial) => {
    progress.step("The stand-in for TF Serving, laid over its runtime");
    // Hard links: nothing writes into either folder, and 700 MB need not be copied for a changed line.
    await run(["cp", "-al", `${runtime.dir}/.`, partial]);
    await installStandIn(partial);
    progress.done();
  });
  return { key, rootfs: { dir }, config: serverConfig };
}

export const tfServingStandIn: StandIn = {
  kind: "tf-serving",
  image: async (progress) => ({
    ...{ name: "lathe/tf-serving-stand-in", tag: "lab" },
    ...(await buildServerRootfs(progress)),
  }),
};

/** Debian, Python and the wheels; its key names every version in it. */
async function buildRuntime(progress: Progress): Promise<{ dir: string; key: string }> {
  const base = await debianBase(progress, ["python3"]);
  const requirements = selectRequirements(await readFile(requirementsFile, "utf8"), SERVER_PACKAGES);
  const hash = createHash("sha256")
    .update(`${RECIPE}\n${basename(base)}\n${requirements}`)
    .digest("hex")
    .slice(0, 12);
  const key = `tfs-runtime-${hash}`;
  const dir = await cached("lab", key, async (partial) => {
    const { python } = await pythonEnv(progress);
    progress.step("Debian, Python and TensorFlow for the stand-in's image", 60);
    await run(["cp", "-a", "--reflink=auto", `${base}/.`, partial]);
    const version = await pythonOf(partial);
    const packages = join(partial, packagesFolder(version));
    await mkdir(packages, { recursive: true });
    await installWheels(python, version, requirements, packages, progress);
    await prune(partial, packages);
    await strip(join(packages, "tensorflow"));
    progress.note("compiling");
    await inChroot(partial, ["python3", "-m", "compileall", "-q", "-j", "0", `/${packagesFolder(version)}`]);
    progress.done();
  });
  return { dir, key };
}

async function pythonOf(root: string): Promise<string> {
  const names = await readdir(join(root, "usr/bin"));
  return names.find((name) => /^python3\.\d+$/.test(name))?.slice("python".length) ?? "3.11";
}

/** Where Debian's Python looks for packages that are not Debian's. */
const packagesFolder = (version: string): string => `usr/local/lib/python${version}/dist-packages`;

/** pip runs outside, for the Python inside: the image needs no pip. */
async function installWheels(
  python: string,
  version: string,
  requirements: string,
  target: string,
  progress: Progress,
): Promise<void> {
  const list = `${target}.requirements.txt`;
  await writeFile(list, requirements);
  const platforms = PLATFORMS.flatMap((name) => ["--platform", name]);
  const wheels = ["--implementation", "cp", "--python-version", version, "--only-binary=:all:", ...platforms];
  const how = ["--no-deps", "--require-hashes", "--no-cache-dir", "--no-compile", "--progress-bar", "off"];
  await run([python, "-m", "pip", "install", "--target", target, ...wheels, ...how, "-r", list], {
    what: "pip install of the stand-in's packages",
    fix: "pip's own settings are used: pip config list",
    onLine: (line) => progress.note(line.slice(0, 60)),
  });
  await rm(list);
}

/** Leaves out what serving never touches: TensorFlow's Python half and headers, tests, documentation, package lists. */
async function prune(root: string, packages: string): Promise<void> {
  const drop = new Set<string>();
  const tensorflow = join(packages, "tensorflow");
  const keep = /^(core|tsl|libtensorflow_(cc|framework)\.so\.2)$/;
  for (const name of await readdir(tensorflow)) if (!keep.test(name)) drop.add(join(tensorflow, name));
  const patterns = ["bin", "*/tests", "*/*/tests", "numpy/f2py", "numpy/core/include", "numpy/distutils"];
  for await (const path of glob(patterns, { cwd: packages })) drop.add(join(packages, path));
  const debian = ["usr/share/{doc,man,locale,info,bash-completion}", "var/{lib/apt/lists,cache/apt,log}/*"];
  for await (const path of glob(debian, { cwd: root })) drop.add(join(root, path));
  for (const path of drop) await rm(path, { recursive: true, force: true });
}

/** A fifth of the library is symbols for debuggers; where this machine has no `strip`, they stay. */
async function strip(tensorflow: string): Promise<void> {
  for (const name of await readdir(tensorflow))
    if (name.endsWith(".so.2")) await tryRun(["strip", "--strip-unneeded", join(tensorflow, name)]);
}

async function installStandIn(root: string): Promise<void> {
  const target = join(root, packagesFolder(await pythonOf(root)), "lathe_tfs");
  const filter = (path: string) => !path.includes("__pycache__");
  await cp(join(import.meta.dirname, "lathe_tfs"), target, { recursive: true, filter });
  for (const script of SCRIPTS) {
    await cp(join(import.meta.dirname, script), join(root, "usr/bin", script));
    await chmod(join(root, "usr/bin", script), 0o755);
  }
  await mkdir(join(root, "models"), { recursive: true });
  await inChroot(root, ["python3", "-m", "compileall", "-q", target.slice(root.length)]);
}

async function sourceHash(): Promise<string> {
  const hash = createHash("sha256");
  const modules = (await readdir(join(import.meta.dirname, "lathe_tfs"), { recursive: true }))
    .filter((f) => f.endsWith(".py"))
    .sort();
  for (const file of [...modules.map((name) => `lathe_tfs/${name}`), ...SCRIPTS])
    hash.update(`${file}\0`).update(await readFile(join(import.meta.dirname, file)));
  return hash.digest("hex").slice(0, 12);
}
