import * as pulumi from "@pulumi/pulumi";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { readConfig, readRoleDefaults, unreadable, type ReadConfig } from "../infra/config/read.ts";
import { resolveConfig, roleOf } from "../infra/config/resolve.ts";
import type { StackConfig } from "../infra/config/types.ts";
import { serverKind, serverKindNames } from "../infra/servers/registry.ts";
import { messageOf } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import { loadCatalogue } from "../models/index.ts";

const LOCAL_STACK = "dev";

/** The paper's three roles: the servers of the stack `dev`. */
const ROLES = ["client", "cloud", "edge"];

/**
 * The config of the stack that runs. `dev` is this machine, with a server for each of the paper's roles by default.
 *
 * @throws UserError with all faults of the stack's config and the roles' files
 */
export function stackConfig(): Promise<StackConfig> {
  return configOf(pulumi.getProject(), pulumi.getStack(), pulumi.runtime.allConfig());
}

/**
 * The complete config of any stack.
 *
 * @param set what the user set, as Pulumi holds it: full keys to text, lists and maps as JSON
 * @throws UserError with all faults of it and of the roles' files
 */
export async function configOf(
  project: string,
  stack: string,
  set: Readonly<Record<string, string>>,
): Promise<StackConfig> {
  const config = readConfig(set);
  const local = stack === LOCAL_STACK;
  return resolveConfig({
    ...{ project, stack, config, local },
    roleDefaults: await roleDefaults(roleOf(stack, config.values)),
    serverDefaults: Object.fromEntries(
      await Promise.all((local ? ROLES : []).map(async (role) => [role, await roleDefaults(role)] as const)),
    ),
    catalogue: (await loadCatalogue()).map(({ name }) => name),
    kinds: serverKindNames.map(serverKind),
  });
}

/** What `stacks/roles/ROLE.yaml` says; null where there is no such file: a role of the user's own needs none. */
async function roleDefaults(role: string): Promise<ReadConfig | null> {
  const file = join("stacks", "roles", `${role}.yaml`);
  const text = await readFile(join(repoRoot, file), "utf8").catch(() => null);
  if (text === null) return null;
  try {
    return readRoleDefaults(parse(text, { logLevel: "error" }), file);
  } catch (error) {
    return unreadable(file, { what: `${file}: ${messageOf(error)}`, fix: `edit ${file}` });
  }
}
