import { readFileSync, readdirSync } from "node:fs";
import { join, sep } from "node:path";
import { expect, test } from "vitest";
import { repoRoot } from "../lib/paths.ts";

/* What one room may not know of another, found by reading the sources. */

/** Where a kind of server or an API is a folder and a line. */
const FLOORS = ["bench", "clients", "fleet", "infra", "stacks"];
/** The lines: an import and an entry in the list. */
const REGISTRIES = ["clients/registry.ts", "infra/servers/registry.ts"];
const TF_SERVING = /tf-?serving|tensorflow[ ._:-]?serving|org\.tensorflow/i;

const sourcesIn = (floor: string) =>
  readdirSync(join(repoRoot, floor), { recursive: true, encoding: "utf8" })
    .map((file) => join(floor, file).split(sep).join("/"))
    .filter((file) => /\.(ts|ya?ml|sh|pl)$/.test(file) && !/\.test\.ts$|\/testing\/|\/fixtures\//.test(file));

test("nothing but its own folders and one line of each registry names TF Serving", () => {
  const named = FLOORS.flatMap(sourcesIn)
    .filter((file) => !file.includes("/tf-serving/"))
    .flatMap((file) =>
      readFileSync(join(repoRoot, file), "utf8")
        .split("\n")
        .flatMap((line, i) => (TF_SERVING.test(line) ? [{ file, line: i + 1, text: line.trim() }] : [])),
    );
  const elsewhere = named.filter(({ file }) => !REGISTRIES.includes(file));
  expect(elsewhere.map(({ file, line, text }) => `${file}:${line}: ${text}`)).toEqual([]);
  // Its import, and its entry in the list.
  for (const registry of REGISTRIES) expect(named.filter(({ file }) => file === registry)).toHaveLength(2);
});
