import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configReference } from "../infra/config/reference.ts";
import { runCommand } from "../lib/cli/run.ts";
import { command } from "../lib/cli/spec.ts";
import { serverKind, serverKindNames } from "../infra/servers/registry.ts";
import { repoRoot } from "../lib/paths.ts";

const head = `# Config of a stack

Made by \`npm run docs\` from the lists that also read the config (\`infra/config/keys.ts\`, and each server kind's own). Set a key with
\`npx lathe pulumi config set …\`, in the stack that is selected or the one that \`--stack\` names. All faults of a config are shown
at once. What a role has where its stack says nothing is in \`stacks/roles/\`.

`;

await runCommand(
  command(
    {
      name: "npm run docs --",
      summary: "Writes docs/config.md from the list that also reads a stack's config.",
      options: {},
      exits: { 0: "written", 1: "failed" },
    },
    () => writeFile(join(repoRoot, "docs/config.md"), `${head}${configReference(serverKindNames.map(serverKind))}`),
  ),
);
