import { destroy, initStack, tryUp, up, type StackRef } from "../../infra/pulumi/testing/stack.ts";

/*
 * Brings the stack `dev` up, up again, and down, and prints what it saw as JSON: run by `dev.test.ts` in a process that
 * has a lab host's network and Docker engine for its own.
 */

const [projectDir = "", env = "{}", config = "{}"] = process.argv.slice(2);
const ref: StackRef = { stack: "dev", projectDir, env: JSON.parse(env) as Record<string, string> };
await initStack(ref, JSON.parse(config) as Record<string, string>);
try {
  const outputs = await up(ref);
  const again = await tryUp(ref);
  process.stdout.write(JSON.stringify({ outputs, again: again.changes }));
} finally {
  await destroy(ref);
}
