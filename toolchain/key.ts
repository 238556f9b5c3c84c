import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Program } from "./programs.ts";

/** A source file of a build: path below the program's folder, and content. */
export interface Source {
  readonly path: string;
  readonly content: string;
}

/** A cache key: a readable version, then a hash of recipe, sources and target. (Go's own version is no part of it.) */
export function buildKey(program: Program, sources: readonly Source[], goos: string, goarch: string): string {
  const hash = createHash("sha256");
  const { goPackage, tags = [], versionVariable, builtVersion } = program.recipe;
  hash.update(JSON.stringify([program.name, goPackage, tags, versionVariable, builtVersion, goos, goarch]));
  for (const source of [...sources].sort((a, b) => (a.path < b.path ? -1 : 1)))
    hash.update(JSON.stringify([source.path, source.content]));
  const version = builtVersion.replace(/^v/, "").replaceAll("+", "-");
  return `${program.name}-${version}-${goos}-${goarch}-${hash.digest("hex").slice(0, 12)}`;
}

/** Reads the sources of a Go program in the checkout: .go files, go.mod and go.sum, also those of nested modules. */
export async function readSources(folder: string): Promise<Source[]> {
  const names = await readdir(folder, { recursive: true });
  const wanted = names.filter((name) => /(^|\/)(go\.mod|go\.sum)$|(?<!_test)\.go$/.test(name));
  return Promise.all(wanted.map(async (path) => ({ path, content: await readFile(join(folder, path), "utf8") })));
}

/** Go's name for Node's `process.arch`. */
export function goArch(arch: string): string {
  return { x64: "amd64", arm64: "arm64" }[arch] ?? arch;
}
