import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { configReference } from "../infra/config/reference.ts";
import { serverKind, serverKindNames } from "../infra/servers/registry.ts";
import { repoRoot } from "../lib/paths.ts";

const read = (path: string) => readFileSync(join(repoRoot, path), "utf8");

describe("the docs", () => {
  it("have the config reference as the config's own lists tell it (else: npm run docs)", () => {
    expect(read("docs/config.md")).toContain(configReference(serverKindNames.map(serverKind)));
  });

  it("name no npm script that there is not", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    for (const page of ["README.md", "docs/architecture.md", "docs/config.md", "docs/faults.md", "docs/fleet.md"]) {
      for (const [, name] of read(page).matchAll(/npm run ([a-z][a-z:]*)/g))
        expect(Object.keys(scripts), page).toContain(name);
    }
  });

  it("link to files that are there", () => {
    for (const page of ["README.md", "docs/architecture.md", "docs/faults.md", "docs/fleet.md"]) {
      for (const [, target = ""] of read(page).matchAll(/\]\((?!http)([^)#]+)\)/g))
        expect(() => read(join(page, "..", target)), `${page}: ${target}`).not.toThrow();
    }
  });
});
