import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { repoRoot } from "../lib/paths.ts";

/** Rooms that know no server kind by name. */
const ROOMS = ["cli", "infra", "clients", "bench", "stacks", "fleet", "lab", "demo", "lib", "toolchain"];

/** Where a kind is registered: its import and its entry, and no more. */
const REGISTRIES: readonly string[] = ["infra/servers/registry.ts", "clients/registry.ts", "lab/stand-ins.ts"];

const NAMED = /tf[-_ ]?serving|tensorflow[-_: ]*serving/i;
const SOURCE = /\.(ts|py|sh|pl|c|yaml|json)$/;
const TEST = /\.test\.ts$|\/testing\//;

const files = execFileSync("git", ["ls-files", "-z"], { cwd: repoRoot, encoding: "utf8" })
  .split("\0")
  .filter((path) => path !== "");

it("no room outside a tf-serving folder names TF Serving, but for the lines of its registries", () => {
  const sources = files.filter(
    (path) =>
      ROOMS.some((room) => path.startsWith(`${room}/`)) &&
      SOURCE.test(path) &&
      !TEST.test(path) &&
      !path.includes("/tf-serving/"),
  );
  expect(sources.length).toBeGreaterThan(200);
  const naming = sources.flatMap((path) => {
    const lines = readFileSync(join(repoRoot, path), "utf8").split("\n");
    const named = lines.flatMap((line, i) => (NAMED.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : []));
    const registered = REGISTRIES.includes(path) ? named.filter((line) => !/: (import|.*\bconst\b)/.test(line)) : named;
    return registered;
  });
  expect(naming).toEqual([]);
});

it("no folder has more than about 20 files at one level", () => {
  const sizes = new Map<string, number>();
  for (const path of files) sizes.set(dirname(path), (sizes.get(dirname(path)) ?? 0) + 1);
  expect([...sizes].filter(([, size]) => size > 22)).toEqual([]);
});
