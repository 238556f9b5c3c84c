import type { Input } from "@pulumi/pulumi";
import type { ServerSpec } from "../servers/registry.ts";
import { GRACE_SECONDS } from "../deadlines.ts";
import { SECRETS_PATH } from "../servers/tf-serving/protect.ts";
import type { ThreadPlan } from "../outputs.ts";

/** What one server's container is made of, beyond what its kind says. */
export interface ContainerRequest {
  readonly container: string;
  readonly spec: ServerSpec;
  readonly threads: ThreadPlan;
  /** Folder on the host with the models, absolute. */
  readonly modelsDir: string;
  readonly grpcPort: number;
  readonly restPort: number;
  /** Addresses of the host that both are bound to. */
  readonly bind: readonly string[];
  readonly memoryMiB: number;
  /** `UID:GID`; undefined: whom the image says. */
  readonly user?: string | undefined;
  /** Folder on the host with the files that this container alone may read; undefined: it has none. */
  readonly secretsDir?: string | undefined;
  /** Docker network; undefined: the host's own bridge, as in the paper. */
  readonly network?: string | undefined;
  /** Whether the host starts it again after a boot of its own. */
  readonly startAtBoot?: boolean;
  /** Whether REST has a port on the host. */
  readonly publishRest?: boolean;
  /** Who made it, for people who look at the host: `org.lathe.stack` and the like. */
  readonly labels: Readonly<Record<string, Input<string>>>;
}

/**
 * The arguments of the container as plain values: as the paper starts it, hardened. Every default that Docker would fill
 * in is said outright, because the provider reads it back and would see a difference on each refresh. Pure.
 */
export function containerArgs(request: ContainerRequest) {
  const { spec, threads } = request;
  return {
    name: request.container,
    envs: Object.entries(spec.env)
      .map(([name, value]) => `${name}=${value}`)
      .sort(),
    command: [...spec.command],
    ...(request.user === undefined ? {} : { user: request.user }),
    // Port by port, as the provider reads them back: another order would be another container to it.
    ports: published(request).flatMap(([internal, external]) =>
      request.bind.map((ip) => ({ internal, external, ip, protocol: "tcp" })),
    ),
    mounts: [
      { type: "bind", source: request.modelsDir, target: spec.modelsPath, readOnly: true },
      ...(request.secretsDir === undefined
        ? []
        : [{ type: "bind", source: request.secretsDir, target: SECRETS_PATH, readOnly: true }]),
    ],
    tmpfs: Object.fromEntries(spec.scratch.map((path) => [path, "rw,nosuid,nodev,size=256m"])),
    ...(threads.cpuSet === undefined ? {} : { cpuSet: threads.cpuSet }),
    memory: request.memoryMiB,
    memorySwap: request.memoryMiB,
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    networkMode: request.network ?? "bridge",
    // Not "unless-stopped": a dockerd that died stops what still runs when it is back, and takes that for somebody's wish.
    // What the firewall guards must wait for its rules. (`on-failure` does not: after a power cut Docker takes it for failed.)
    restart: request.startAtBoot === false ? "no" : "always",
    mustRun: true,
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "2" },
    healthcheck: {
      tests: [...spec.healthTest],
      interval: "10s",
      timeout: "5s",
      retries: 3,
      startPeriod: "1m0s",
    },
    // Unset, Docker's provider kills at once.
    destroyGraceSeconds: GRACE_SECONDS,
    labels: Object.entries(request.labels)
      .map(([label, value]) => ({ label, value }))
      .sort((a, b) => a.label.localeCompare(b.label)),
  };
}

/** The container's ports that the host has, inside and outside. */
function published({
  spec,
  grpcPort,
  restPort,
  publishRest,
}: ContainerRequest): [internal: number, external: number][] {
  return [[spec.grpcPort, grpcPort], ...(publishRest === false ? [] : [[spec.restPort, restPort] as [number, number]])];
}

/**
 * Inputs of a container whose change the provider makes in place, or believes to make and does not. A server whose
 * settings changed is another server: it is replaced.
 * (kreuzwerker/terraform-provider-docker: `healthcheck`, `cpu_set`, `memory` and `restart` are updated in place.)
 */
export const REPLACE_ON_CHANGES = [
  ...["image", "envs", "command", "ports", "mounts", "tmpfs", "cpuSet", "memory", "memorySwap", "readOnly"],
  ...[
    "user",
    "capabilities",
    "securityOpts",
    "networkMode",
    "restart",
    "logDriver",
    "logOpts",
    "healthcheck",
    "labels",
  ],
];

/**
 * The container's memory limit where the stack sets none: nine tenths, so that a server never takes its host down, in
 * steps of 256 MiB, because a new kernel finds a little more or less memory and that is no reason for a new container.
 */
export function defaultMemoryMiB(memoryBytes: number): number {
  const MIB_STEP = 256;
  const mostMiB = Math.floor((memoryBytes * 0.9) / 2 ** 20);
  return mostMiB < MIB_STEP ? mostMiB : Math.floor(mostMiB / MIB_STEP) * MIB_STEP;
}
