import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configReference } from "../infra/config/reference.ts";
import { serverKind, serverKindNames } from "../infra/servers/registry.ts";

const head = `# Config of a stack

\`npm run docs\` makes this page from the lists that also read the config (\`infra/config/keys.ts\`, and the settings of each server kind).

A key is set in the selected stack, or in the one that \`--stack\` names. \`up\` and \`down\` are those of \`npx lathe\`. All faults of a
config are shown at once. If a stack does not set a key, its role's default holds (\`stacks/roles/\`); if there is none, what follows
"if not set".

`;

await writeFile(join(import.meta.dirname, "config.md"), `${head}${configReference(serverKindNames.map(serverKind))}`);
