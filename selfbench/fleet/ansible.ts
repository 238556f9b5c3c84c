import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { repoRoot } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { packages } from "../packages.ts";

const requirements = join(repoRoot, "selfbench", "fleet", "ansible", "requirements.txt");

/** The command of a pinned ansible-core that is `ansible-playbook`, installed from PyPI once. @throws UserError where pip cannot install it */
export async function ansiblePlaybook(progress: Progress): Promise<{ command: string[]; version: string }> {
  const version = /^ansible-core==(.+)$/m.exec(await readFile(requirements, "utf8"))?.[1] ?? "";
  const { python } = await packages("ansible", requirements, progress);
  return { command: [python, "-m", "ansible", "playbook"], version };
}
