import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { MachineConfig } from "../config/resolve.ts";
import type { SshTarget } from "../hosts/target.ts";
import { ATTEMPT_LABEL, ID_LABEL, OWNER_LABEL } from "../ownership/reservation.ts";
import { hostCommand } from "./host-command.ts";
import { hasOwnNetwork, type ServerAccess } from "../access/plan.ts";
import { networkName } from "../access/firewall-rules.ts";
import { guardPlace } from "../access/guard.ts";

export interface GuardArgs {
  readonly name: string;
  readonly access: ServerAccess;
  readonly owner: string;
  /** Whose it is, as the host tells it from other deployments'. */
  readonly id: pulumi.Input<string>;
  readonly config: MachineConfig;
  readonly target: SshTarget | null;
  readonly workspace: string;
  readonly provider: docker.Provider;
  readonly child: pulumi.CustomResourceOptions;
  /** The workspace: where it is refused, another deployment has the rules, too. */
  readonly folder: pulumi.Resource;
}

/** The firewall's rules for a server, where it is to be guarded. They name a bridge that need not be there. */
export function firewallFor(args: GuardArgs): pulumi.Resource[] {
  const { name, access, owner, id, config, target, workspace, child, folder } = args;
  const { allow, boot, guard } = access;
  if (guard.setting === null) return [];
  const bridge = networkName(owner, config.container);
  const spec = {
    target,
    owner,
    id,
    bridge,
    // With REST off its port may be somebody else's.
    ports: access.config.rest === "off" ? [config.grpcPort] : [config.grpcPort, config.restPort],
    bind: [...access.bind].sort(),
    allow,
    boot,
    note: guardPlace(owner, config.container, workspace).note,
    setting: guard.setting,
  };
  // Another bridge has a chain of its own: the old one stays until the old server is gone.
  const options = { ...child, dependsOn: [folder] };
  return [hostCommand(`${name}-firewall`, { program: "firewall", spec, triggers: [bridge], undo: true }, options)];
}

/**
 * A server that not everyone may reach has a Docker network of its own: firewall rules name its bridge and touch nobody
 * else's traffic, and no other container of the host is on it. On destroy it goes with the containers' room.
 */
export function networkFor({
  name,
  access,
  owner,
  config,
  provider,
  child,
  id,
  room,
  attempt,
}: GuardArgs & { readonly room: pulumi.Resource; readonly attempt: string }): docker.Network[] {
  if (!hasOwnNetwork(access)) return [];
  const network = networkName(owner, config.container);
  return [
    new docker.Network(
      `${name}-network`,
      {
        name: network,
        driver: "bridge",
        options: { "com.docker.network.bridge.name": network },
        labels: [
          ...(attempt === "" ? [] : [{ label: ATTEMPT_LABEL, value: attempt }]),
          { label: ID_LABEL, value: id },
          { label: OWNER_LABEL, value: owner },
        ],
      },
      // Another container's name means another network: the old server is on the old one until it is gone.
      // (The provider would have it gone first, because its name is set: pulumi-terraform-bridge.)
      { ...child, provider, dependsOn: [room], deletedWith: room, deleteBeforeReplace: false },
    ),
  ];
}
