import * as pulumi from "@pulumi/pulumi";
import { readConfig } from "../infra/config/read.ts";
import { resolveConfig, roleOf } from "../infra/config/resolve.ts";
import { declare, prepare } from "../infra/deploy.ts";
import type { StackOutputs } from "../infra/outputs.ts";
import { known, roleDefaults } from "./roles.ts";

/** One machine with one server. */
export async function roleStack(): Promise<pulumi.Output<StackOutputs>> {
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
