import * as pulumi from "@pulumi/pulumi";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { readConfig, readRoleDefaults, unreadable, type ReadConfig } from "../infra/config/read.ts";
import { resolveConfig, roleOf } from "../infra/config/resolve.ts";
import { fullName, lastName } from "../infra/config/stack-name.ts";
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
  const all = pulumi.runtime.allConfig();
  const stack = fullName(organisation(), pulumi.getStack());
  return configOf(pulumi.getProject(), stack, all, Object.keys(all).filter(isSecret));
}

/**
 * The complete config of any stack.
 *
 * @param stack its name, with the organisation, where it has one
 * @param set what the user set, as Pulumi holds it: full keys to text, lists and maps as JSON
 * @param secrets those of its keys that are secret
 * @throws UserError with all faults of it and of the roles' files
 */
export async function configOf(
  project: string,
  stack: string,
  set: Readonly<Record<string, string>>,
  secrets: readonly string[],
): Promise<StackConfig> {
  const config = readConfig(set, secrets);
  const local = lastName(stack) === LOCAL_STACK;
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

/** The stack's organisation; undefined where the engine does not tell one, which throws in the SDK. */
function organisation(): string | undefined {
  try {
    return pulumi.getOrganization();
  } catch {
    return undefined;
  }
}

/** Whether a key was set with `--secret`; the SDK has no public type for it (@pulumi/pulumi 3.259.0). */
const isSecret = (key: string) =>
  (pulumi.runtime as unknown as { isConfigSecret(key: string): boolean }).isConfigSecret(key);

/** What `stacks/roles/ROLE.yaml` says; null if there is no such file: a role of the user's own needs none. */
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
