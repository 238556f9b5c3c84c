import type { Placement } from "../../infra/outputs.ts";
import { ID_LABEL, OWNER_LABEL, SERVER_LABEL, TUNE_LABEL } from "../../infra/hosts/labels.ts";
import { containerArgs } from "../../infra/resources/container-args.ts";
import { LOOPBACK } from "../../infra/hosts/addresses.ts";
import type { ContainerSpec, ServerFile } from "../../infra/servers/kind.ts";
import type { PlannedEndpoint } from "../../infra/access/plan.ts";

/** What variants have in common with the deployed container. It is read from the machine's engine, so none of it is trusted. */
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
  /** The id of its tuning. */
  readonly tuning: string;
  readonly spec: ContainerSpec;
  readonly placement: Placement;
  readonly endpoints: readonly PlannedEndpoint[];
  /** Files that differ from the deployed container's: paths on the host, by the file's name. */
  readonly ownFiles: Readonly<Record<string, string>>;
}

/** A variant's files that are not in the deployed models folder with the same content. Pure. */
export function ownFiles(variant: ContainerSpec, rule: ContainerSpec): readonly ServerFile[] {
  return variant.files.filter(
    ({ name, content }) => rule.files.find((file) => file.name === name)?.content !== content,
  );
}

/**
 * The arguments of `docker create` for a variant. The same list as for the deployed container hardens it. It differs in its name, its
 * settings, and its ports, which are on the host's loopback alone, at numbers that Docker chooses. It does not start with its host. It has no
 * health test, because that would take processor time from the variant that is measured. Pure.
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
