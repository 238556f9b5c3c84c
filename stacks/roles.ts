import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { messageOf } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import { serverKindNames } from "../infra/servers/registry.ts";
import { loadCatalogue } from "../models/index.ts";
import { readRoleDefaults, type ReadConfig } from "../infra/config/read.ts";

/** What `stacks/roles/ROLE.yaml` says; null where there is no such file: a role of the user's own needs none. */
export async function roleDefaults(role: string): Promise<ReadConfig | null> {
  const file = join("stacks", "roles", `${role}.yaml`);
  const text = await readFile(join(repoRoot, file), "utf8").catch(() => null);
  if (text === null) return null;
  try {
    return readRoleDefaults(parse(text, { logLevel: "error" }), file);
  } catch (error) {
    return { values: {}, faults: [{ what: `${file}: ${messageOf(error)}`, fix: `edit ${file}` }] };
  }
}

/** What a config may name: the catalogue's models and the kinds of server. */
export async function known(): Promise<{ catalogue: string[]; servers: readonly string[] }> {
  return { catalogue: (await loadCatalogue()).map((entry) => entry.name), servers: serverKindNames };
}
