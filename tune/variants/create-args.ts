import type { Placement } from "../../infra/outputs.ts";
import { ID_LABEL, OWNER_LABEL, SERVER_LABEL, TUNE_LABEL } from "../../infra/ownership/reservation.ts";
import { containerArgs } from "../../infra/resources/container-args.ts";
import { LOOPBACK } from "../../infra/hosts/addresses.ts";
import type { ContainerSpec, ServerFile } from "../../infra/servers/kind.ts";
import type { PlannedEndpoint } from "../../infra/access/plan.ts";

/** The deployed container, as far as variants are made like it: read from its engine, so none of it is trusted. */
export interface DeployedContainer {
  readonly imageId: string;
  readonly user: string;
  readonly network: string;
  readonly memoryMiB: number | undefined;
  readonly pidsLimit: number | undefined;
  readonly owner: Readonly<Record<"id" | "owner" | "server", string>>;
  /** Absolute paths on its host. */
  readonly modelsDir: string;
  readonly secretsDir: string | undefined;
}

/** A variant of the deployed container. */
export interface Variant {
  readonly name: string;
  /** Names the tuning that it is of. */
  readonly tuning: string;
  readonly spec: ContainerSpec;
  readonly placement: Placement;
  readonly endpoints: readonly PlannedEndpoint[];
  /** Files in which it differs from the deployed container: paths on the host, by the file's name. */
  readonly ownFiles: Readonly<Record<string, string>>;
}

/** The files of a variant that the deployed models folder has with another content. Pure. */
export function ownFiles(variant: ContainerSpec, rule: ContainerSpec): readonly ServerFile[] {
  return variant.files.filter(
    ({ name, content }) => rule.files.find((file) => file.name === name)?.content !== content,
  );
}

/**
 * What `docker create` takes for a variant: hardened as the deployed container is, by the same list. It differs in its name, its
 * settings, and its ports: they are on the host's loopback alone, at numbers that Docker chooses. It does not start with its host, and
 * has no health test, which would take processor time from the one that is measured. Pure.
 */
export function createArgs(variant: Variant, like: DeployedContainer): string[] {
  const { spec, placement, endpoints } = variant;
  const args = containerArgs({
    ...{ container: variant.name, spec, placement, endpoints, memoryMiB: like.memoryMiB },
    ...{ modelsDir: like.modelsDir, secretsDir: like.secretsDir, bind: [LOOPBACK], network: like.network },
    user: like.user === "" ? undefined : like.user,
    startAtBoot: false,
    labels: {
      [ID_LABEL]: like.owner.id,
      [OWNER_LABEL]: like.owner.owner,
      [SERVER_LABEL]: like.owner.server,
      [TUNE_LABEL]: variant.tuning,
    },
  });
  const files = Object.entries(variant.ownFiles).map(([name, source]) => ({
    ...{ type: "bind", source, target: `${spec.modelsPath}/${name}`, readOnly: true },
  }));
  const option = (name: string, value: string | number | undefined) =>
    value === undefined ? [] : [`--${name}=${value}`];
  return [
    ...option("name", args.name),
    ...(args.readOnly ? ["--read-only"] : []),
    ...args.capabilities.drops.flatMap((one) => option("cap-drop", one)),
    ...args.securityOpts.flatMap((one) => option("security-opt", one)),
    ...option("log-driver", args.logDriver),
    ...Object.entries(args.logOpts).flatMap(([name, value]) => option("log-opt", `${name}=${value}`)),
    ...option("restart", args.restart),
    "--no-healthcheck",
    ...option("user", args.user),
    ...option("network", args.networkMode),
    ...args.ports.flatMap(({ internal, ip, protocol }) => option("publish", `${ip}::${internal}/${protocol}`)),
    ...[...args.mounts, ...files].flatMap(({ source, target }) =>
      option("mount", `type=bind,source=${source},target=${target},readonly`),
    ),
    ...Object.entries(args.tmpfs).flatMap(([path, how]) => option("tmpfs", `${path}:${how}`)),
    ...option("shm-size", args.shmSize && `${args.shmSize}m`),
    ...option("cpuset-cpus", args.cpuSet),
    ...option("cpuset-mems", placement.memorySet),
    ...option("memory", args.memory && `${args.memory}m`),
    ...option("memory-swap", args.memorySwap && `${args.memorySwap}m`),
    ...option("pids-limit", like.pidsLimit),
    ...args.labels.flatMap(({ label, value }) => option("label", `${label}=${value as string}`)),
    ...args.envs.flatMap((one) => option("env", one)),
    like.imageId,
    ...args.command,
  ];
}
