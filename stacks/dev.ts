import * as pulumi from "@pulumi/pulumi";
import { readConfig } from "../infra/config/read.ts";
import { resolveConfig, type MachineConfig } from "../infra/config/resolve.ts";
import { declare, prepare } from "../infra/deploy.ts";
import type { StackOutputs } from "../infra/outputs.ts";
import { known, roleDefaults } from "./roles.ts";

/** The paper's three roles. */
const ROLES = ["client", "cloud", "edge"];

/** Ports between one server and the next. */
const PORT_STEP = 10;

/** Every role as a server of its own on this machine's Docker engine. */
export async function devStack(): Promise<pulumi.Output<StackOutputs>> {
  const { machine, servers } = await prepare(null, await devConfigs());
  return declare(machine, servers);
}

/** The config of each role, told apart by ports, container and workspace. */
export async function devConfigs(): Promise<MachineConfig[]> {
  const config = readConfig(pulumi.runtime.allConfig());
  const sources = {
    project: pulumi.getProject(),
    stack: pulumi.getStack(),
    config,
    ...(await known()),
    local: true,
  };
  const machines: MachineConfig[] = [];
  for (const [i, role] of ROLES.entries()) {
    const machine = resolveConfig({ ...sources, roleDefaults: await roleDefaults(role) });
    machines.push({
      ...machine,
      role,
      grpcPort: machine.grpcPort + i * PORT_STEP,
      restPort: machine.restPort + i * PORT_STEP,
      container: `${machine.container}-${role}`,
      workspace: `${machine.workspace}-${role}`,
    });
  }
  return machines;
}
