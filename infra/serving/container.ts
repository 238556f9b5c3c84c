import type { ServerSpec } from "./kinds.ts";
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
  readonly memoryMiB: number;
  /** Who made it, for people who look at the host: `org.lathe.stack` and the like. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Seconds that a server has to end its running requests before it is killed. Unset, Docker's provider kills at once. */
const GRACE_SECONDS = 20;

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
    ports: [
      { internal: spec.grpcPort, external: request.grpcPort, ip: "0.0.0.0", protocol: "tcp" },
      { internal: spec.restPort, external: request.restPort, ip: "0.0.0.0", protocol: "tcp" },
    ],
    mounts: [{ type: "bind", source: request.modelsDir, target: spec.modelsPath, readOnly: true }],
    tmpfs: Object.fromEntries(spec.scratch.map((path) => [path, "rw,nosuid,nodev,size=256m"])),
    ...(threads.cpuSet === undefined ? {} : { cpuSet: threads.cpuSet }),
    memory: request.memoryMiB,
    memorySwap: request.memoryMiB,
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    networkMode: "bridge",
    restart: "unless-stopped",
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
    destroyGraceSeconds: GRACE_SECONDS,
    labels: Object.entries(request.labels)
      .map(([label, value]) => ({ label, value }))
      .sort((a, b) => a.label.localeCompare(b.label)),
  };
}

/**
 * Inputs of a container whose change the provider makes in place, or believes to make and does not. A server whose
 * settings changed is another server: it is replaced.
 * (kreuzwerker/terraform-provider-docker: `healthcheck`, `cpu_set`, `memory` and `restart` are updated in place.)
 */
export const REPLACE_ON_CHANGES = [
  ...["image", "envs", "command", "ports", "mounts", "tmpfs", "cpuSet", "memory", "memorySwap", "readOnly"],
  ...["capabilities", "securityOpts", "networkMode", "restart", "logDriver", "logOpts", "healthcheck", "labels"],
];

/**
 * The container's memory limit where the stack sets none: nine tenths, so that a server never takes its host down, in
 * steps of 256 MiB, because a new kernel finds a little more or less memory and that is no reason for a new container.
 */
export function defaultMemoryMiB(memoryBytes: number): number {
  const MIB_STEP = 256;
  return Math.max(MIB_STEP, Math.floor((memoryBytes * 0.9) / 2 ** 20 / MIB_STEP) * MIB_STEP);
}
