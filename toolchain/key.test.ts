import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { repoRoot } from "../lib/paths.ts";
import { neededGo } from "./build.ts";
import { buildKey, goArch, readSources, type Source } from "./key.ts";
import { programs } from "./programs.ts";

const pins = { pulumi: "3.259.0", docker: "5.2.0", command: "1.2.1" };
const docker = programs(pins)[3];
if (docker === undefined) throw new Error("no docker");
const sources: Source[] = [
  { path: "go.mod", content: "module m\n\ngo 1.25.11\n" },
  { path: "main.go", content: "package main" },
];
const key = buildKey(docker, sources, "linux", "amd64");

test("a key names program, version and target for people, and fits a file name", () => {
  expect(key).toMatch(/^pulumi-resource-docker-5\.2\.0-source\.96d331c9-linux-amd64-[0-9a-f]{12}$/);
});

test("a key does not depend on the order in which files are read", () => {
  expect(buildKey(docker, [...sources].reverse(), "linux", "amd64")).toBe(key);
});

test("any change to a source, its name, the target or the recipe changes the key", () => {
  expect(buildKey(docker, sources, "linux", "arm64")).not.toBe(key);
  const retagged = { ...docker, recipe: { ...docker.recipe, tags: [] } };
  expect(buildKey(retagged, sources, "linux", "amd64")).not.toBe(key);
  fc.assert(
    fc.property(fc.nat(1), fc.boolean(), fc.string({ minLength: 1 }), (index, rename, extra) => {
      const changed = sources.map((s, i) => {
        if (i !== index) return s;
        return rename ? { ...s, path: s.path + extra } : { ...s, content: s.content + extra };
      });
      expect(buildKey(docker, changed, "linux", "amd64")).not.toBe(key);
    }),
  );
});

test("every program's folder holds a go.mod with a go line and a go.sum, which its key reads", async () => {
  for (const { recipe } of programs(pins)) {
    const read = await readSources(join(repoRoot, "toolchain", recipe.folder));
    expect(read.map((s) => s.path)).toEqual(expect.arrayContaining(["go.mod", "go.sum"]));
    expect(neededGo(read.find((s) => s.path === "go.mod")?.content ?? "")).toMatch(/^\d+\.\d+/);
  }
  const names = (await readSources(join(repoRoot, "toolchain", docker.recipe.folder))).map((s) => s.path);
  expect(names.sort()).toEqual(["go.mod", "go.sum", "main.go", "provider.go", "shim/go.mod", "shim/shim.go"]);
});

test("Node's names of processors become Go's", () => {
  expect([goArch("x64"), goArch("arm64"), goArch("riscv64")]).toEqual(["amd64", "arm64", "riscv64"]);
});
