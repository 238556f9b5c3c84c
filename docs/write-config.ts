import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configReference } from "../infra/config/reference.ts";
import { runCommand } from "../lib/cli/run.ts";
import { command } from "../lib/cli/spec.ts";
import { serverKind, serverKindNames } from "../infra/servers/registry.ts";
import { repoRoot } from "../lib/paths.ts";

const head = `# Config of a stack

\`npm run docs\` makes this page from the lists that also read the config (\`infra/config/keys.ts\`, and the settings of each server kind).

Set a key with \`npx lathe pulumi config set …\`; \`pulumi …\` below is short for \`npx lathe pulumi …\`. It is set in the selected stack, or in
the one that \`--stack\` names. \`up\` and \`down\` are those of \`npx lathe\`. All faults of a config are shown at once. If a stack does not
set a key, its role's default holds (\`stacks/roles/\`); if there is none, what follows "if not set".

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
