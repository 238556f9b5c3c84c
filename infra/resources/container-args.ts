import type * as pulumi from "@pulumi/pulumi";
import { UserError } from "../../lib/errors.ts";
import { SECRETS_PATH, type PlannedEndpoint } from "../access/plan.ts";
import { GRACE_SECONDS } from "../deadlines.ts";
import type { Placement } from "../outputs.ts";
import type { ContainerSpec } from "../servers/kind.ts";

/* What a server's container is made of: plain values, for Pulumi's provider and for whoever makes one without it. */

/** What every container has that Lathe starts. */
export const HARDENED = {
  readOnly: true,
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges:true"],
  mustRun: true,
  logDriver: "json-file",
  logOpts: { "max-size": "10m", "max-file": "2" },
  // Unset, Docker's provider kills at once.
  destroyGraceSeconds: GRACE_SECONDS,
};

/** What one server's container is made of, beyond what its kind says. */
export interface ContainerRequest {
  readonly container: string;
  readonly spec: ContainerSpec;
  readonly placement: Placement;
  /** Folder on the host with the models, absolute. */
  readonly modelsDir: string;
  readonly endpoints: readonly PlannedEndpoint[];
  /** Addresses of the host that their ports are bound to. */
  readonly bind: readonly string[];
  /** Undefined: the engine has no controller for it, and would leave a limit out. */
  readonly memoryMiB: number | undefined;
  /** `UID:GID`; undefined: whom the image says. */
  readonly user?: string | undefined;
  /** Folder on the host with the files that this container alone may read; undefined: it has none. */
  readonly secretsDir?: string | undefined;
  /** Docker network; undefined: the host's own bridge, as in the paper. */
  readonly network?: string | undefined;
  /** Whether the host starts it again after a boot of its own. */
  readonly startAtBoot?: boolean;
  /** Who made it, for people who look at the host: `org.lathe.stack` and the like. */
  readonly labels: Readonly<Record<string, pulumi.Input<string>>>;
}

/** The container's arguments, hardened. Docker's defaults are said too: the provider would see changes. Pure. */
export function containerArgs(request: ContainerRequest) {
  const { spec, placement } = request;
  return {
    ...HARDENED,
    name: request.container,
    envs: Object.entries(spec.env)
      .map(([name, value]) => `${name}=${value}`)
      .sort(),
    command: [...spec.command],
    ...(request.user === undefined ? {} : { user: request.user }),
    // Port by port, in the order in which the provider reads them back: another would be another container to it. The port of an
    // endpoint with a token is its proxy's.
    ports: request.endpoints
      .filter(({ security }) => security !== "token")
      .toSorted((a, b) => (`${a.containerPort}/tcp` < `${b.containerPort}/tcp` ? -1 : 1))
      .flatMap(({ containerPort: internal, port: external }) =>
        request.bind.map((ip) => ({ internal, external, ip, protocol: "tcp" })),
      ),
    mounts: [
      { type: "bind", source: request.modelsDir, target: spec.modelsPath, readOnly: true },
      ...(request.secretsDir === undefined
        ? []
        : [{ type: "bind", source: request.secretsDir, target: SECRETS_PATH, readOnly: true }]),
    ],
    tmpfs: Object.fromEntries(spec.scratch.map((path) => [path, "rw,nosuid,nodev,size=256m"])),
    ...(spec.sharedMemoryMiB === undefined ? {} : { shmSize: spec.sharedMemoryMiB }),
    ...(placement.cpuSet === undefined ? {} : { cpuSet: placement.cpuSet }),
    ...memoryLimit(request.memoryMiB),
    networkMode: request.network ?? "bridge",
    // Not "unless-stopped": a dockerd that died stops what still runs when it is back, and takes that for somebody's wish.
    // What the firewall guards must wait for its rules. (`on-failure` does not: after a power cut Docker takes it for failed.)
    restart: request.startAtBoot === false ? "no" : "always",
    healthcheck: { tests: [...spec.healthTest], interval: "10s", timeout: "5s", retries: 3, startPeriod: "1m0s" },
    labels: labelList(request.labels),
  };
}

/** A container's limits of memory, with swap and without: the same, so that it has no swap. */
export function memoryLimit(memoryMiB: number | undefined): { memory?: number; memorySwap?: number } {
  return memoryMiB === undefined ? {} : { memory: memoryMiB, memorySwap: memoryMiB };
}

/** Labels as Docker's provider takes them, in order of their names. */
export function labelList(labels: Readonly<Record<string, pulumi.Input<string>>>) {
  const list = Object.entries(labels).map(([label, value]) => ({ label, value }));
  return list.sort((a, b) => a.label.localeCompare(b.label));
}

/** What servers may take of a host's memory, in MiB: nine tenths, so that they never take their host down. Pure. */
export const usableMiB = (memoryBytes: number): number => Math.floor((memoryBytes * 0.9) / 2 ** 20);

/**
 * The memory limit of a server whose config sets none: what servers may take of the host's memory,
 * less the limits of the stack's other servers there, shared with those that have none either. In steps of 256 MiB: a new
 * kernel finds a little more or less memory, which is no reason for a new container. Pure.
 *
 * @param sharers servers there without a limit in their config, this one among them
 * @throws UserError if nothing is left
 */
export function memoryShareMiB(memoryBytes: number, givenMiB: readonly number[] = [], sharers = 1): number {
  const STEP = 256;
  const allMiB = usableMiB(memoryBytes);
  const given = givenMiB.reduce((sum, mib) => sum + mib, 0);
  const mostMiB = Math.floor((allMiB - given) / sharers);
  if (mostMiB < 1)
    throw new UserError({
      what: `lathe:memoryMiB: the limits of the stack's other servers (${givenMiB.join(" + ")} MiB) leave nothing of the machine's memory`,
      expected: `less than ${Math.floor(allMiB)} MiB in all, or a limit for each server`,
      fix: "give the servers lower limits (lathe:memoryMiB)",
    });
  return mostMiB < STEP ? mostMiB : Math.floor(mostMiB / STEP) * STEP;
}
