import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { repoRoot } from "../lib/paths.ts";

/** Rooms that know no server kind by name. */
const ROOMS = ["cli", "infra", "clients", "bench", "stacks", "fleet", "tune", "lab", "demo", "lib", "toolchain"];

/** Where a kind is registered: its import and its entry, and no more. */
const REGISTRIES: readonly string[] = ["infra/servers/registry.ts", "clients/registry.ts", "lab/kind-images.ts"];

/** Folders of a kind that answers in TF Serving's API beside others: they name what they speak. */
const SPEAKERS: readonly string[] = ["infra/servers/openvino/", "lab/openvino/"];

const NAMED = /tf[-_ ]?serving|tensorflow[-_: ]*serving/i;
const SOURCE = /\.(ts|py|sh|pl|c|yaml|json)$/;
/** Tests name what they try, and the paper's data what the paper names. */
const EXEMPT = /\.test\.ts$|\/testing\/|\/fixtures\/|^bench\/paper\//;

const files = execFileSync("git", ["ls-files", "-z"], { cwd: repoRoot, encoding: "utf8" })
  .split("\0")
  .filter((path) => path !== "");

it("no room outside a tf-serving folder names TF Serving, but for the lines of its registries", () => {
  const sources = files.filter(
    (path) =>
      ROOMS.some((room) => path.startsWith(`${room}/`)) &&
      SOURCE.test(path) &&
      !EXEMPT.test(path) &&
      !path.includes("/tf-serving/") &&
      !SPEAKERS.some((folder) => path.startsWith(folder)),
  );
  expect(sources.length).toBeGreaterThan(200);
  const linesOf = (path: string) => {
    const lines = readFileSync(join(repoRoot, path), "utf8").split("\n");
    return lines.flatMap((line, i) => (NAMED.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : []));
  };
  expect(sources.filter((path) => !REGISTRIES.includes(path)).flatMap(linesOf)).toEqual([]);
  // Its import, and its entry in the list.
  for (const registry of REGISTRIES) expect(linesOf(registry), registry).toHaveLength(2);
});

it("no folder has more than about 20 files at one level", () => {
  const sizes = new Map<string, number>();
  for (const path of files) sizes.set(dirname(path), (sizes.get(dirname(path)) ?? 0) + 1);
  expect([...sizes].filter(([, size]) => size > 22)).toEqual([]);
});

it("nothing writes to a terminal but through lib/output.ts, which cleans the text", () => {
  /** They clean what they draw themselves, or write what a program reads. */
  const own = [
    ...["lib/output.ts", "lib/progress.ts", "fleet/board.ts", "cli/lathe.js"],
    ...[
      "bench/run/agent/main.ts",
      "infra/host-programs/run.ts",
      "selfbench/clients/own.ts",
      "selfbench/clients/records.ts",
      "selfbench/distance/client.ts",
      "selfbench/distance/server.ts",
    ],
  ];
  const writers = files.filter((path) => {
    if (!/\.[tj]s$/.test(path) || EXEMPT.test(path) || path.startsWith("test/")) return false;
    return /std(out|err)\.write\(|console\.\w+\(/.test(readFileSync(join(repoRoot, path), "utf8"));
  });
  expect(writers.filter((path) => !own.includes(path))).toEqual([]);
});
