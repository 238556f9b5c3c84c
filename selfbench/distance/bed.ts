import { mkdir } from "node:fs/promises";
import { needPrograms, needRoot } from "../../lab/debian/needs.ts";
import { needHierarchies } from "../../lab/hosts/cgroupfs.ts";
import { lockedForAll } from "../../lab/lock.ts";
import { labPaths } from "../../lab/names.ts";
import { applyLink } from "../../lab/network/link.ts";
import { addressIn } from "../../lab/network/subnet.ts";
import { chooseSubnet, inNetwork, makeSwitch, plugIn } from "../../lab/network/switch.ts";
import type { LinkWish } from "../../lab/state.ts";
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
  setLink(wish: LinkWish): Promise<void>;
  remove(): Promise<void>;
}

/** What the paper's machines had; this machine's kernel may have another by default, and may keep namespaces from choosing. */
const CONGESTION = "cubic";

/** Makes two networks joined by a lab's switch, with no hosts in them. What an earlier one of the name left is removed first. */
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
  for (const [i, end] of ENDS.entries()) {
    await plugIn(name, end, { address: addressIn(subnet, 11 + i) });
    // By the route: any congestion control that the kernel has may be named there, in any namespace.
    await run([...at(end), "ip", "route", "replace", subnet, "dev", "eth0", "congctl", CONGESTION]);
  }
  return {
    address: addressIn(subnet, 12),
    at,
    async setLink(wish) {
      await applyLink(name, "far", wish);
      // What TCP remembers of the link before would shape the next one's connections.
      for (const end of ENDS) await run([...at(end), "ip", "tcp_metrics", "flush", "all"]);
    },
    remove: () => removeLab(name),
  };
}
