import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { repoRoot } from "../../lib/paths.ts";
import { loadCatalogue } from "../../models/catalogue.ts";
import type { Deployed } from "../targets/deployments.ts";

/** Names that an experiment may have: what bears another name is misspelt, or was never here. */
export interface Names {
  readonly machines: readonly string[];
  /** Ids and kinds. */
  readonly servers: readonly string[];
  readonly models: readonly string[];
}

/**
 * The machines, servers and models that are deployed or may be: roles that Lathe ships or this checkout has a stack for
 * (`Pulumi.STACK.yaml`), which are a machine's id and that of a server alone on it, and the catalogue's models. An experiment
 * that names one which is not deployed just now is right; its cells are left out and said.
 */
export async function knownNames({ machines, servers }: Deployed): Promise<Names> {
  const files = async (folder: string, form: RegExp) =>
    (await readdir(join(repoRoot, folder)).catch(() => [] as string[])).flatMap((name) => form.exec(name)?.[1] ?? []);
  const stacks = await files(".", /^Pulumi\.(.+)\.ya?ml$/);
  const roles = [...(await files("stacks/roles", /^(.+)\.yaml$/)), ...stacks.filter((name) => name !== "dev")];
  const catalogue = (await loadCatalogue()).map((entry) => entry.name);
  return {
    machines: distinct([...machines.map((m) => m.id), ...roles]),
    servers: distinct([...servers.flatMap((s) => [s.id, s.kind]), ...roles]),
    models: distinct([...servers.flatMap((s) => s.models.map((m) => m.name)), ...catalogue]),
  };
}

const distinct = (names: readonly string[]) => [...new Set(names)];
