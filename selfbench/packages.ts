import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "../lib/cache/cached.ts";
import type { Progress } from "../lib/progress.ts";
import { run } from "../lib/run.ts";

/**
 * Pinned packages of PyPI in a Python environment of their own, made once for each state of their list.
 *
 * @param name what they are: in messages and in the cache
 * @param requirements a file that names every package with its version: nothing else is installed
 * @returns the environment's folder and its interpreter. Not its programs: their first line names the folder that it was made in
 * @throws UserError where pip cannot install them
 */
export async function packages(name: string, requirements: string, progress: Progress) {
  const hash = createHash("sha256").update(await readFile(requirements));
  const dir = await cached("python", `${name}-${hash.digest("hex").slice(0, 16)}`, async (partial) => {
    progress.step(`Installing ${name} from PyPI into an environment of its own`, 30);
    const pip = ["-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-deps", "-r", requirements];
    const fix = "Python 3.11 or newer with venv is needed: apt-get install python3 python3-venv";
    for (const step of [
      ["python3", "-m", "venv", partial],
      [join(partial, "bin", "python"), ...pip],
    ])
      await run(step, { what: step.slice(1, 4).join(" "), fix });
    progress.done();
  });
  return { dir, python: join(dir, "bin", "python") };
}
