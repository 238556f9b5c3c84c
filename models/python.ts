import { readFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { cached } from "../lib/cache/cached.ts";
import { UserError } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import type { Progress } from "../lib/progress.ts";
import { run, tryRun } from "../lib/run.ts";

/** The pinned packages of Lathe's Python parts, hash by hash. */
export const requirementsFile = join(repoRoot, "models", "python", "requirements.txt");

const SUPPORTED = ["3.11", "3.10", "3.9"];

/** A virtual environment with TensorFlow, the official stubs and clients' libraries. */
export interface PythonEnv {
  /** Its interpreter. Run it with `-m` or a script; the environment need not be activated. */
  readonly python: string;
  /** Folder of the environment. */
  readonly dir: string;
}

/**
 * The Python environment for conversion, tests and the official client, made once (about a minute, 1.2 GB) and kept in
 * the cache under the hash of its requirements.
 *
 * @throws UserError if no Python 3.9 to 3.11 with `venv` is found, or pip cannot install
 */
export async function pythonEnv(progress: Progress): Promise<PythonEnv> {
  const base = await basePython();
  const requirements = await readFile(requirementsFile);
  const key = `${base.version}-${createHash("sha256").update(requirements).digest("hex").slice(0, 16)}`;
  const dir = await cached("python", key, async (partial) => {
    progress.step("Installing TensorFlow and its companions into a Python environment", 60);
    // Most virtual environments cannot be moved. This one can, because it is always run by its interpreter's path, and its
    // `pyvenv.cfg` names the base interpreter alone.
    await run([base.path, "-m", "venv", partial], { fix: venvFix });
    const pip = [join(partial, "bin", "python"), ...PIP, ...PINNED, requirementsFile];
    await run(pip, { what: "pip install", fix: pipFix });
    progress.done();
  });
  return { python: join(dir, "bin", "python"), dir };
}

/**
 * A folder of further packages for that environment, which must not be changed for them: put it on PYTHONPATH. Made once, and kept in the
 * cache under the hash of its requirements.
 *
 * @param file pins every package with its hashes; none of what they depend on is fetched
 * @throws UserError where pip cannot install
 */
export async function addOn(name: string, file: string, progress: Progress): Promise<string> {
  const { python, dir } = await pythonEnv(progress);
  const hash = createHash("sha256").update(await readFile(file));
  const key = `${name}-${basename(dir).split("-")[0] ?? ""}-${hash.digest("hex").slice(0, 16)}`;
  return cached("python", key, async (partial) => {
    progress.step(`Installing ${name} beside the Python environment`, 20);
    await run([python, ...PIP, "--target", partial, ...PINNED, file], { what: "pip install", fix: pipFix });
    progress.done();
  });
}

const PIP = ["-m", "pip", "install", "--progress-bar", "off", "--no-cache-dir", "--only-binary=:all:"];
const PINNED = ["--no-deps", "--require-hashes", "-r"];
const venvFix = "apt-get install python3-venv python3-pip";
const pipFix = "see pip's words above; your own pip settings are used (`pip config list`); x86-64 Linux is needed";

/** The first interpreter that TensorFlow 2.14 has wheels for. */
async function basePython(): Promise<{ path: string; version: string }> {
  const seen: string[] = [];
  for (const name of ["python3", ...SUPPORTED.map((version) => `python${version}`)]) {
    const script =
      "import sys, platform; print(*sys.version_info[:2], sep='.'); print(sys.executable, platform.machine())";
    const result = await tryRun([name, "-c", script]);
    if (result.exitCode !== 0) continue;
    const [version = "", rest = ""] = result.stdout.trim().split("\n");
    const path = rest.slice(0, rest.lastIndexOf(" "));
    if (SUPPORTED.includes(version)) return { path, version };
    seen.push(`${name} is ${version}`);
  }
  throw new UserError({
    what: seen.length === 0 ? "no python3 was found on PATH" : `no fitting Python was found: ${seen.join(", ")}`,
    expected: "Python 3.9, 3.10 or 3.11 (TensorFlow 2.14 has wheels for these)",
    fix: "apt-get install python3 python3-venv (Debian 12), or put python3.11 on PATH",
  });
}
