import { readlink, readdir } from "node:fs/promises";
import { groupPath, hierarchies, makeGroup, processesOf } from "./hosts/cgroups.ts";
import { allowedCpus } from "./hosts/limits.ts";
import { labPaths, labsDir } from "./names.ts";
import { type Pair, type PairEnd, type Setting, joinPair } from "./network/pair.ts";
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

/** What most Linux machines have, as the paper's had; a container is given its machine's own default otherwise. */
const CONTROL = "cubic";
const CONTROL_FILE = "/proc/sys/net/ipv4/tcp_congestion_control";

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
      const networks = await Promise.all(hosts.map((host) => networksOf(lab.name, host.name)));
      const settings = networks.flat().map((network): Setting => ({ network, file: CONTROL_FILE, value: CONTROL }));
      await makeGroup(lab.name, GROUP, { cpus: await allowedCpus(), quotaCpus: null });
      const groups = (await hierarchies()).map((h) => groupPath(h, lab.name, GROUP));
      return joinPair([endOf(hosts[0]), endOf(hosts[1])], shape, { settings, groups });
    },
  };
}

/** Files of a host's own network namespace, first, and of those of its containers. */
async function networksOf(lab: string, host: string): Promise<string[]> {
  const found = new Map<string, string>();
  for (const pid of await processesOf(lab, host)) {
    const file = `/proc/${pid}/ns/net`;
    const network = await readlink(file).catch(() => undefined);
    if (network !== undefined && !found.has(network)) found.set(network, file);
  }
  const own = labPaths(lab).network(host);
  const self = await networkOf(own);
  return [own, ...[...found].filter(([network]) => network !== self).map(([, file]) => file)];
}

/** A namespace's own name, as `/proc/PID/ns/net` has it. */
async function networkOf(file: string): Promise<string> {
  const shown = await tryRun(["nsenter", `--net=${file}`, "readlink", "/proc/self/ns/net"]);
  return shown.stdout.trim();
}
