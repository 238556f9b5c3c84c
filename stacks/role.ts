import * as pulumi from "@pulumi/pulumi";
import { readConfig } from "../infra/config/read.ts";
import { resolveConfig, roleOf } from "../infra/config/resolve.ts";
import { declare, prepare, type Declared } from "../infra/deploy.ts";
import { known, roleDefaults } from "./roles.ts";

/** One machine with one server. */
export async function roleStack(): Promise<Declared> {
  const stack = pulumi.getStack();
  const config = readConfig(pulumi.runtime.allConfig());
  const resolved = resolveConfig({
    project: pulumi.getProject(),
    stack,
    config,
    roleDefaults: await roleDefaults(roleOf(stack, config.values)),
    ...(await known()),
    local: false,
  });
  const { machine, servers } = await prepare(resolved.ssh, [resolved]);
  return declare(machine, servers);
}
