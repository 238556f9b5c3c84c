import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repoRoot } from "../../lib/paths.ts";

/** The parts of an interface, as its file declares them. */
function partsOf(file: string, name: string): string[] {
  const text = readFileSync(join(repoRoot, file), "utf8");
  const [, body = ""] = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([^]*?)^\\}`, "m").exec(text) ?? [];
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[(:]/gm)].map(([, part = ""]) => part);
}

test("the guide to adding a server kind names every part that a kind and its gate may have", () => {
  const guide = readFileSync(join(repoRoot, "docs/server-kinds.md"), "utf8");
  const kind = partsOf("infra/servers/kind.ts", "ServerKind");
  const gate = partsOf("infra/gate/spec.ts", "KindGate");
  expect([kind.length, gate.length].map((n) => n > 5)).toEqual([true, true]);
  for (const part of [...kind, ...gate]) expect(guide, part).toContain(`\`${part}\``);
});
