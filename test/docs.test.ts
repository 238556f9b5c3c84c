import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { coerce, satisfies } from "semver";
import { describe, expect, it } from "vitest";
import { verbOf } from "../cli/verb-names.ts";
import { VERBS } from "../cli/verbs.ts";
import { configReference } from "../infra/config/reference.ts";
import { COMMON } from "../lib/cli/spec.ts";
import { serverKind, serverKindNames } from "../infra/servers/registry.ts";
import { repoRoot } from "../lib/paths.ts";

const read = (path: string) => readFileSync(join(repoRoot, path), "utf8");
const PAGES = [
  "README.md",
  ...readdirSync(join(repoRoot, "docs")).flatMap((f) => (f.endsWith(".md") ? [`docs/${f}`] : [])),
];
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };

/** Commands in code spans and blocks, each as `lathe` gets it. */
function commandsOf(page: string): string[][] {
  const typed = [...read(page).matchAll(/(npm run|npx lathe) ([^`#|\n&;)]+)/g)];
  return typed.flatMap(([, how, text = ""]) => {
    const words = text.trim().split(/\s+/);
    if (how === "npx lathe") return [words];
    const [name = "", ...args] = words;
    const [, file, ...own] = (scripts[name] ?? "").split(" ");
    return file === "cli/lathe.js" ? [[...own, ...(args[0] === "--" ? args.slice(1) : [])]] : [];
  });
}

describe("the docs", () => {
  it("have the config reference as the config's own lists tell it (else: npm run docs)", () => {
    expect(read("docs/config.md")).toContain(configReference(serverKindNames.map(serverKind)));
  });

  it("begin with a README of fewer than 900 words", () => {
    expect(read("README.md").split(/\s+/).filter(Boolean).length).toBeLessThan(900);
  });

  it("name no npm script that there is not", () => {
    for (const page of PAGES) {
      for (const [, name] of read(page).matchAll(/npm run ([a-z][a-z:]*)/g))
        expect(Object.keys(scripts), page).toContain(name);
    }
  });

  it("show commands with verbs, actions and options that there are", async () => {
    for (const page of PAGES) {
      for (const argv of commandsOf(page)) {
        const { verb, rest } = verbOf(VERBS, argv);
        const place = `${page}: ${argv.join(" ")}`;
        if (argv[0]?.startsWith("-") || argv[0] === "VERB") continue;
        expect(verb, place).toBeDefined();
        const spec = (await verb?.load())?.spec;
        if (spec === undefined || spec.passes !== undefined) continue;
        const names = Object.keys({ ...spec.options, ...COMMON }).map((name) => `--${name}`);
        const [first] = rest;
        if (spec.actions !== undefined && first !== undefined && /^[a-z]+$/.test(first))
          expect(Object.keys(spec.actions), place).toContain(first);
        const end = rest.includes("--") ? rest.indexOf("--") : rest.length;
        for (const word of rest.slice(0, end))
          if (word.startsWith("--")) expect(names, place).toContain(word.replace(/[=,.:].*$/, ""));
      }
    }
  });

  it("name versions of Node for which no package of npm ci asks for another one", () => {
    const [, named = ""] = /Node ([\d., or]+\d)/.exec(read("README.md")) ?? [];
    const versions = named.split(/, | or /).map((version) => coerce(version)?.version ?? version);
    expect(versions.length).toBeGreaterThan(1);
    const { packages } = JSON.parse(read("package-lock.json")) as {
      packages: Record<string, { optional?: boolean; engines?: { node?: string } }>;
    };
    // An optional package of another platform is left out without a word.
    const asked = Object.entries(packages).flatMap(([name, { engines, optional }]) =>
      engines?.node === undefined || optional === true ? [] : [[name, engines.node]],
    );
    for (const version of versions)
      expect(
        asked.filter(([, range = ""]) => !satisfies(version, range)),
        version,
      ).toEqual([]);
    // The lock file has the package's own wish, too: Node 20 is not named, and not asked for.
    expect(packages[""]?.engines).toEqual((JSON.parse(read("package.json")) as { engines: unknown }).engines);
  });

  it("name the tests of each server kind's faults: of those that are not the first one, the harness that has all of them", () => {
    const page = read("docs/faults.md");
    for (const [i, kind] of serverKindNames.entries()) {
      const row = new RegExp(`^\\| \`${kind}\` \\|.*$`, "m").exec(page)?.[0] ?? "";
      const tests = [...row.matchAll(/\]\(\.\.\/([^)]+\.test\.ts)\)/g)].map(([, path = ""]) => read(path));
      expect(tests.length, kind).toBeGreaterThan(0);
      if (i > 0) expect(tests.join("\n"), kind).toMatch(new RegExp(`describeKind\\([^]*"${kind}"`));
    }
  });

  it("link to files that are there", () => {
    for (const page of PAGES) {
      for (const [, target = ""] of read(page).matchAll(/\]\((?!http)([^)#]+)\)/g))
        expect(() => read(join(page, "..", target)), `${page}: ${target}`).not.toThrow();
    }
  });
});
