import { readFile, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { repoRoot } from "../../lib/paths.ts";

const files = (folder: string) => readdir(join(repoRoot, folder)).catch((): string[] => []);

/** Names of the checkout that complete a word, each found without a machine or an engine being asked. */
export const NAMES = {
  /** Stacks with a config file. */
  stacks: async () => (await files(".")).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []),
  /** Runs, the newest first. */
  runs: async () => (await files("runs")).sort().reverse(),
  models: async () => (await files("models/catalogue")).map((file) => basename(file, ".yaml")).sort(),
  /** Experiments of the file that `bench` reads where none is named. */
  experiments: async () => {
    const read = (file: string) => readFile(join(repoRoot, file), "utf8");
    const text = await read("bench.yaml").catch(() => read("bench/matrix/experiments/paper.yaml"));
    const { parse } = await import("yaml");
    const { experiments } = (parse(text) ?? {}) as { experiments?: { name?: unknown }[] };
    return (experiments ?? []).flatMap(({ name }) => (typeof name === "string" ? [name] : []));
  },
} as const satisfies Readonly<Record<string, () => Promise<string[]>>>;

export type NamesOf = keyof typeof NAMES;
