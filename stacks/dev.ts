import * as pulumi from "@pulumi/pulumi";
import { readConfig } from "../infra/config/read.ts";
import { resolveConfig, type MachineConfig } from "../infra/config/resolve.ts";
import { declare, prepare, type Declared } from "../infra/deploy.ts";
import { UserError, type Fault } from "../lib/errors.ts";
import { known, roleDefaults } from "./roles.ts";

/** The paper's three roles. */
const ROLES = ["client", "cloud", "edge"];

/** Ports between one server and the next. */
const PORT_STEP = 10;

/** Every role as a server of its own on this machine's Docker engine. */
export async function devStack(): Promise<Declared> {
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
  for (const role of ROLES) {
    machines.push({ ...resolveConfig({ ...sources, roleDefaults: await roleDefaults(role) }), role });
  }
  return toldApart(machines);
}

/**
 * Servers that share a machine, in turn: each has a container and a folder called by its role, and ports above those of the
 * one before. Pure.
 *
 * @throws UserError where two would have one port, or one a port that there is none of
 */
export function toldApart(machines: readonly MachineConfig[]): MachineConfig[] {
  const apart = machines.map((machine, i) => ({
    ...machine,
    grpcPort: machine.grpcPort + i * PORT_STEP,
    restPort: machine.restPort + i * PORT_STEP,
    container: `${machine.container}-${machine.role}`,
    workspace: `${machine.workspace}-${machine.role}`,
  }));
  const faults = portFaults(apart);
  if (faults.length > 0) throw new UserError(faults);
  return apart;
}

const KEYS = { grpcPort: { called: "gRPC", usual: 8500 }, restPort: { called: "REST", usual: 8501 } } as const;
type PortKey = keyof typeof KEYS;

/** What keeps servers of one machine from their ports. */
function portFaults(machines: readonly MachineConfig[]): Fault[] {
  const steps = `the stack dev gives each role ports ${PORT_STEP} above those of the one before (${ROLES.join(", ")})`;
  const fix = (key: PortKey) => `pulumi config set lathe:${key} ${KEYS[key].usual}`;
  const all = machines.flatMap(({ role, grpcPort, restPort, access }) => {
    const of = (key: PortKey, port: number) => ({ key, port, whose: `the ${KEYS[key].called} port of ${role}` });
    // Where REST is off, nothing listens at its port.
    return [of("grpcPort", grpcPort), ...(access.rest === "off" ? [] : [of("restPort", restPort)])];
  });
  const faults: Fault[] = [];
  for (const key of ["grpcPort", "restPort"] as const) {
    const over = all.filter((p) => p.key === key && p.port > 65535);
    if (over.length === 0) continue;
    const what = `lathe:${key}: ${over.map(({ port, whose }) => `${port} would be ${whose}`).join(", ")}`;
    faults.push({ what, expected: `ports up to 65535; ${steps}`, fix: fix(key) });
  }
  const twice = all.flatMap((p, i) => all.slice(0, i).flatMap((q) => (q.port === p.port ? [[q, p] as const] : [])));
  if (twice.length > 0) {
    const clashes = twice.map(([q, p]) => `${q.port} would be ${q.whose} and ${p.whose}`).join(", ");
    faults.push({ what: `lathe:restPort: ${clashes}`, expected: `a port each; ${steps}`, fix: fix("restPort") });
  }
  return faults;
}
