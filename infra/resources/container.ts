import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { networkName } from "../access/firewall-rules.ts";
import { CONTAINER_TIMEOUT } from "../deadlines.ts";
import { LEFTOVER_LABEL } from "../hosts/labels.ts";
import { containerArgs } from "./container-args.ts";
import { digestOf, labelsOf, userOf, type Part } from "./server-args.ts";

/** Inputs whose change replaces the container. The provider would update some of them in place, or believe to. */
export const REPLACE_ON_CHANGES = [
  ...[
    "image",
    "envs",
    "command",
    "ports",
    "mounts",
    "tmpfs",
    "shmSize",
    "cpuSet",
    "memory",
    "memorySwap",
    "readOnly",
    "user",
  ],
  ...["capabilities", "securityOpts", "networkMode", "restart", "logDriver", "logOpts", "healthcheck", "labels"],
];

/** The server's own container. @param hasSecrets whether it has files that it alone may read */
export function serverContainer(
  part: Part,
  reservation: pulumi.Resource,
  networks: readonly docker.Network[],
  hasSecrets: boolean,
): docker.Container {
  const { name, child, args } = part;
  const { config, access, owner, workspace } = args;
  return new docker.Container(
    `${name}-container`,
    {
      image: args.remoteImage.imageId,
      ...containerArgs({
        ...{ container: config.container, spec: args.spec, placement: args.placement, memoryMiB: args.memoryMiB },
        ...{ modelsDir: `${workspace}/models`, endpoints: access.endpoints, bind: access.bind },
        user: userOf(args) || undefined,
        secretsDir: hasSecrets ? `${workspace}/secrets/${config.container}` : undefined,
        network: networks.length === 0 ? undefined : networkName(owner, config.container),
        startAtBoot: access.guard.setting === null,
        labels: labels(part),
      }),
    },
    {
      ...child,
      provider: args.provider,
      dependsOn: [reservation, ...networks],
      deletedWith: reservation,
      customTimeouts: { create: CONTAINER_TIMEOUT, update: CONTAINER_TIMEOUT, delete: CONTAINER_TIMEOUT },
      // Its name and its ports are taken until the old one is gone.
      deleteBeforeReplace: true,
      replaceOnChanges: REPLACE_ON_CHANGES,
    },
  );
}

function labels(part: Part): Record<string, pulumi.Input<string>> {
  const { args, credentials } = part;
  const versions = args.models.map((m) => [m.deployed.name, m.versions.map((v) => [v.version, v.sha256])]);
  return {
    [LEFTOVER_LABEL]: "",
    ...labelsOf(part, args.leftovers.container),
    "org.lathe.role": args.machineId,
    // What a server of a kind without a rollout reads at its start only: another means another container.
    ...(args.kind.gate.rollOut === undefined
      ? { "org.lathe.serves": digestOf(JSON.stringify([versions, args.spec.files])) }
      : {}),
    ...(credentials === undefined ? {} : { "org.lathe.keys": credentials.fingerprint }),
  };
}
