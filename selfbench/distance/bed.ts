import { mkdir } from "node:fs/promises";
import { needPrograms, needRoot } from "../../lab/debian/needs.ts";
import { needHierarchies } from "../../lab/hosts/cgroupfs.ts";
import { lockedForAll } from "../../lab/lock.ts";
import { labPaths } from "../../lab/names.ts";
import { type Pair, joinPair } from "../../lab/network/pair.ts";
import type { Shape } from "../../lab/network/program.ts";
import { addressIn, hardwareAddress } from "../../lab/network/subnet.ts";
import { chooseSubnet, inNetwork, makeSwitch, plugIn } from "../../lab/network/switch.ts";
import { removeLab } from "../../lab/teardown.ts";
import type { Progress } from "../../lib/progress.ts";
import { run } from "../../lib/run.ts";

/** The two ends. */
export const ENDS = ["near", "far"] as const;
export type End = (typeof ENDS)[number];

/** Two networks on this machine, and a link between them that can be changed. */
export interface Bed {
  /** Address of the far end. */
  readonly address: string;
  /** The program and arguments that run something at one end. */
  at(end: End): string[];
  /** Lays a link between the ends in place of the one before; null: none. */
  setLink(shape: Shape | null): Promise<void>;
  remove(): Promise<void>;
}

/**
 * The congestion control of the paper's machines. Routes set it: a route may name any that the kernel has, but a namespace's default may not
 * (`tcp_allowed_congestion_control` is the whole machine's).
 */
const CONGESTION = "cubic";

/** Makes two networks without hosts, joined by a lab's switch. First it removes what an earlier lab of the same name has left. */
export async function makeBed(name: string, progress: Progress): Promise<Bed> {
  needRoot();
  await needPrograms(["ip", "cc", "nsenter"], progress);
  await needHierarchies(progress);
  await removeLab(name);
  await mkdir(labPaths(name).dir, { recursive: true });
  const subnet = await lockedForAll(async () => {
    const chosen = await chooseSubnet();
    await makeSwitch(name, chosen);
    return chosen;
  });
  const at = (end: End) => inNetwork(name, end);
  const ends = ENDS.map((end, i) => {
    const address = addressIn(subnet, 11 + i);
    const network = labPaths(name).network(end);
    return { end, address, network, device: "eth0", card: hardwareAddress(address) };
  });
  const [near, far] = ends as [(typeof ends)[number], (typeof ends)[number]];
  for (const { end, address } of ends) {
    await plugIn(name, end, { address });
    // What TCP remembers of one connection (a threshold of slow start) would shape the next one.
    await run([...at(end), "sysctl", "-qw", "net.ipv4.tcp_no_metrics_save=1"]);
    await run([...at(end), "ip", "route", "replace", subnet, "dev", "eth0", "congctl", CONGESTION]);
  }
  let laid: Pair | undefined;
  const setLink = async (shape: Shape | null) => {
    await laid?.close();
    laid = shape === null ? undefined : await joinPair([near, far], shape);
  };
  return {
    ...{ address: far.address, at, setLink },
    async remove() {
      await laid?.close();
      await removeLab(name);
    },
  };
}
