import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Deployment } from "../../infra/outputs.ts";
import { repoRoot } from "../../lib/paths.ts";
import { loadCatalogue } from "../../models/catalogue.ts";

/** Names that an experiment may have: what bears another name is misspelt, or was never here. */
export interface Names {
  readonly machines: readonly string[];
  readonly models: readonly string[];
}

/**
 * The machines and models that are deployed or may be: roles that Lathe ships or this checkout has a stack for
 * (`Pulumi.STACK.yaml`), and the catalogue's models. An experiment that names one which is not deployed just now is right;
 * its cells are left out and said.
 */
export async function knownNames(deployments: readonly Deployment[]): Promise<Names> {
  const files = async (folder: string, form: RegExp) =>
    (await readdir(join(repoRoot, folder)).catch(() => [] as string[])).flatMap((name) => form.exec(name)?.[1] ?? []);
  const stacks = await files(".", /^Pulumi\.(.+)\.ya?ml$/);
  const roles = await files("stacks/roles", /^(.+)\.yaml$/);
  const catalogue = (await loadCatalogue()).map((entry) => entry.name);
  return {
    machines: [...new Set([...deployments.map((d) => d.role), ...roles, ...stacks.filter((name) => name !== "dev")])],
    models: [...new Set([...deployments.flatMap((d) => d.models.map((m) => m.name)), ...catalogue])],
  };
}
