import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { networkName } from "../access/firewall-rules.ts";
import { CONTAINER_TIMEOUT } from "../deadlines.ts";
import { ID_LABEL, LEFTOVER_LABEL, OWNER_LABEL, SERVER_LABEL } from "../ownership/reservation.ts";
import { REPLACE_ON_CHANGES, containerArgs } from "./container.ts";
import { userOf, type ModelServerArgs, type Part } from "./server-args.ts";

/** What a server's container starts in. */
export interface Surroundings {
  readonly reservation: pulumi.Resource;
  readonly networks: readonly docker.Network[];
  /** Whether it has files that it alone may read. */
  readonly hasSecrets: boolean;
}

/** The server's own container. */
export function serverContainer(part: Part, { reservation, networks, hasSecrets }: Surroundings): docker.Container {
  const { name, child, args } = part;
  const { config, access, owner, workspace } = args;
  return new docker.Container(
    `${name}-container`,
    {
      image: args.remoteImage.imageId,
      ...containerArgs({
        container: config.container,
        spec: args.spec,
        placement: args.placement,
        modelsDir: `${workspace}/models`,
        endpoints: access.endpoints,
        memoryMiB: args.memoryMiB,
        bind: access.bind,
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

function labels({ name, args, id, credentials }: Part): Record<string, pulumi.Input<string>> {
  return {
    [OWNER_LABEL]: args.owner,
    [ID_LABEL]: id,
    [SERVER_LABEL]: name,
    [LEFTOVER_LABEL]: args.leftovers.container,
    "org.lathe.role": args.machineId,
    // What a server reads at its start only: another means another container.
    ...(args.kind.gate.rollOut === undefined ? { "org.lathe.serves": served(args) } : {}),
    ...(credentials === undefined ? {} : { "org.lathe.keys": credentials.fingerprint }),
  };
}

/** Names what a server of a kind without a rollout serves. */
function served({ models, spec }: ModelServerArgs): string {
  const versions = models.map(({ deployed, versions: all }) => [deployed.name, all.map((v) => [v.version, v.sha256])]);
  return createHash("sha256")
    .update(JSON.stringify([versions, spec.files]))
    .digest("hex")
    .slice(0, 16);
}
