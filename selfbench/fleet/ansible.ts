import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../lab/run.ts";
import { cached } from "../../lib/cache/cached.ts";
import { repoRoot } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";

const requirements = join(repoRoot, "selfbench", "fleet", "ansible", "requirements.txt");

/** The command of a pinned ansible-core that is `ansible-playbook`, installed from PyPI once. @throws UserError where pip cannot install it */
export async function ansiblePlaybook(progress: Progress): Promise<{ command: string[]; version: string }> {
  const text = await readFile(requirements, "utf8");
  const version = /^ansible-core==(.+)$/m.exec(text)?.[1] ?? "";
  const key = `ansible-${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
  const dir = await cached("python", key, async (partial) => {
    progress.step(`Installing ansible-core ${version} from PyPI into an environment of its own`, 30);
    const steps = [
      ["python3", "-m", "venv", partial],
      [join(partial, "bin", "python"), "-m", "pip", "install", "--quiet", "--no-deps", "-r", requirements],
    ];
    const fix = "Python 3.11 or newer with venv is needed: apt-get install python3 python3-venv";
    for (const step of steps) await run(step, { what: step.slice(1, 4).join(" "), fix });
    progress.done();
  });
  // Not `bin/ansible-playbook`: its first line names the folder that the environment was made in.
  return { command: [join(dir, "bin", "python"), "-m", "ansible", "playbook"], version };
}
