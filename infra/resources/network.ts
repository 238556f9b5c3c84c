import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { networkName } from "../access/firewall-rules.ts";
import { guardPlace } from "../access/guard.ts";
import { hasOwnNetwork, proxied } from "../access/plan.ts";
import { labelList } from "./container-args.ts";
import { hostCommand } from "./host-command.ts";
import { labelsOf, type Part } from "./server-args.ts";

/* How a server is reached on its host: its names and ports, its network, and who is let in. */

/** The firewall's rules for a server, where it is to be guarded. They name a bridge that need not be there. */
export function firewallFor({ name, args, id, child }: Part): pulumi.Resource[] {
  const { access, owner, config, target, workspace, folder } = args;
  const { allow, boot, guard } = access;
  if (guard.setting === null) return [];
  const bridge = networkName(owner, config.container);
  const spec = {
    ...{ target, owner, id, bridge, allow, boot, setting: guard.setting },
    ports: access.endpoints.map(({ port }) => port),
    bind: [...access.bind].sort(),
    note: guardPlace(owner, config.container, workspace).note,
  };
  // Another bridge has a chain of its own: the old one stays until the old server is gone. Where the folder is refused, another
  // deployment has the rules, too.
  const options = { ...child, dependsOn: [folder] };
  return [hostCommand(`${name}-firewall`, { program: "firewall", spec, triggers: [bridge] }, options)];
}

/** The containers' names and ports. Destroy removes containers by it: the provider cannot forget a lost host. */
export function reservationFor({ name, args, id, child }: Part, after: readonly pulumi.Resource[]): pulumi.Resource {
  const { target, owner, config, access, leftovers, workspace } = args;
  const spec = {
    ...{ target, owner, id, server: name, container: config.container, leftover: leftovers.container },
    proxy: proxied(access.endpoints) !== undefined,
    ports: access.endpoints.map(({ protocol, port }) => ({ protocol, port })),
    ...(hasOwnNetwork(access) ? { beside: { workspace, proxy: leftovers.proxy, network: leftovers.network } } : {}),
  };
  const dependsOn = [args.folder, ...after, args.remoteImage];
  return hostCommand(`${name}-reservation`, { program: "reservation", spec }, { ...child, dependsOn });
}

/** The Docker network of a server that not everyone may reach: firewall rules name its bridge and nobody else's. */
export function networkFor(part: Part, reservation: pulumi.Resource): docker.Network[] {
  const { name, args, child } = part;
  const { access, owner, config, provider, leftovers } = args;
  if (!hasOwnNetwork(access)) return [];
  const network = networkName(owner, config.container);
  return [
    new docker.Network(
      `${name}-network`,
      {
        name: network,
        driver: "bridge",
        options: { "com.docker.network.bridge.name": network },
        labels: labelList(labelsOf(part, leftovers.network)),
      },
      // Another container's name means another network: the old server is on the old one until it is gone.
      // (The provider would have it gone first, because its name is set: pulumi-terraform-bridge.)
      { ...child, provider, dependsOn: [reservation], deletedWith: reservation, deleteBeforeReplace: false },
    ),
  ];
}
