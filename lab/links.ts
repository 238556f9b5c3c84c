import { readlink, readdir } from "node:fs/promises";
import { groupPath, hierarchies, makeGroup, processesOf } from "./hosts/cgroups.ts";
import { allowedCpus } from "./hosts/limits.ts";
import { labPaths, labsDir } from "./names.ts";
import { type Behind, type Pair, type PairEnd, joinPair } from "./network/pair.ts";
import type { Shape } from "./network/program.ts";
import { hardwareAddress } from "./network/subnet.ts";
import { tryRun } from "./run.ts";
import { type Lab, type LabHost, findLab } from "./state.ts";

/*
 * What the bench uses of the lab: links between two of its hosts. They need no program and no right on the hosts.
 */

export type { Pair, WayReport } from "./network/pair.ts";

/** Two hosts of one lab of this machine. */
export interface LabPair {
  /** Lays a link between them. @throws UserError with what the forwarder or `ip` said */
  join(shape: Shape): Promise<Pair>;
}

/** The control group of forwarders between two hosts. No host can have this name. */
const GROUP = "links.";

/** The hosts of a lab on this machine that have these addresses; undefined where there is no such lab. */
export async function labPair(client: string, server: string): Promise<LabPair | undefined> {
  for (const name of await readdir(labsDir()).catch(() => [])) {
    const lab = await findLab(name).catch(() => undefined);
    const hosts = [client, server].map((address) => lab?.hosts.find((host) => host.address === address));
    const [first, second] = hosts;
    if (lab !== undefined && first !== undefined && second !== undefined) return pairOf(lab, [first, second]);
  }
  return undefined;
}

function pairOf(lab: Lab, hosts: readonly [LabHost, LabHost]): LabPair {
  const endOf = ({ name, address }: LabHost): PairEnd => {
    return { network: labPaths(lab.name).network(name), device: "eth0", address, card: hardwareAddress(address) };
  };
  return {
    async join(shape) {
      const behind = await Promise.all([
        behindOf(lab.name, hosts[0], hosts[1]),
        behindOf(lab.name, hosts[1], hosts[0]),
      ]);
      await makeGroup(lab.name, GROUP, { cpus: await allowedCpus(), quotaCpus: null });
      const groups = (await hierarchies()).map((h) => groupPath(h, lab.name, GROUP));
      return joinPair([endOf(hosts[0]), endOf(hosts[1])], shape, { behind: behind.flat(), groups });
    },
  };
}

/** The network namespaces of a host's containers. */
async function behindOf(lab: string, { name }: LabHost, { address: other }: LabHost): Promise<Behind[]> {
  const own = await tryRun(["nsenter", `--net=${labPaths(lab).network(name)}`, "readlink", "/proc/self/ns/net"]);
  const found = new Map([[own.stdout.trim(), ""]]);
  for (const pid of await processesOf(lab, name)) {
    const network = await readlink(`/proc/${pid}/ns/net`).catch(() => "");
    if (!found.has(network)) found.set(network, `/proc/${pid}/ns/net`);
  }
  return [...found.values()].filter((file) => file !== "").map((network) => ({ network, other }));
}
