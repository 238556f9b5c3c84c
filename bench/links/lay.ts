import type { Machine } from "../../infra/outputs.ts";
import { UserError } from "../../lib/errors.ts";
import { type LabPair, type WayReport, labPair } from "../../lab/links.ts";
import { type Link, addsNothing, linkText } from "../matrix/link.ts";
import type { LinkMeans, LinkRecord } from "../records/link-facts.ts";
import type { LinkHost } from "./host.ts";
import { takesNetem, tcCommands } from "./tc.ts";

/** A link that is laid. */
export interface Laid {
  readonly means: LinkMeans;
  /** The seed of its losses. Absent: it has none, or the kernel takes no seed. */
  readonly seed?: number;
  /** Whether it is still laid, as far as this machine knows. */
  up(): boolean;
  undo(): Promise<LinkRecord["packets"]>;
}

/** The two machines of a link, and the programs on them. */
export interface Ends {
  readonly client: Machine;
  readonly server: Machine;
  readonly hosts: readonly [LinkHost, LinkHost];
}

/**
 * Lays a link between two machines: between hosts of one lab by the lab's forwarder, otherwise by `tc` on both.
 *
 * @param say tells what a killed bench had left
 * @throws UserError with why the link cannot be laid
 */
export async function layLink(
  { client, server, hosts }: Ends,
  link: Link,
  seed: number,
  say: (text: string) => void,
  find: typeof labPair = labPair,
): Promise<Laid> {
  if (addsNothing(link)) return { means: "none", up: () => true, undo: () => Promise.resolve(undefined) };
  const pair = await find(client.address, server.address);
  return pair === undefined ? byKernels([client, server], hosts, link, seed, say) : byLab(pair, link, seed);
}

async function byLab(lab: LabPair, { rttMs, jitterMs, mbit, loss }: Link, seed: number): Promise<Laid> {
  const pair = await lab.join({ delayMs: rttMs / 2, jitterMs: jitterMs / 2, mbit, loss, seed });
  return {
    ...{ means: "forwarder", seed, up: () => pair.up() },
    async undo() {
      const ways = await pair.close();
      if (ways === undefined) return undefined;
      const sum = (of: (way: WayReport) => number) => of(ways[0]) + of(ways[1]);
      const lateMs = { p99: Math.max(...ways.map((w) => w.late.p99)), max: Math.max(...ways.map((w) => w.late.max)) };
      return { sent: sum((w) => w.sent), lost: sum((w) => w.lost), dropped: sum((w) => w.dropped), lateMs };
    },
  };
}

async function byKernels(
  machines: readonly Machine[],
  hosts: readonly LinkHost[],
  link: Link,
  seed: number,
  say: (text: string) => void,
): Promise<Laid> {
  const undo = async () => {
    // One that is not heard from undoes its end by itself.
    for (const host of hosts) if (host.up()) await host.undo();
    return undefined;
  };
  let seeded = link.loss > 0;
  try {
    for (const [i, host] of hosts.entries()) {
      const name = machines[i]?.id ?? "";
      const left = await host.begin();
      if (left !== undefined) say(`A killed bench (${left}) had left a link on "${name}". It is undone now.`);
      let why = await tell(host, tcCommands(link, seeded ? seed + i : undefined));
      // Before Linux 6.6 netem takes no seed. What was laid before the refusal goes first: a kernel replaces no htb by another.
      if (why !== undefined && seeded) {
        seeded = false;
        await host.undo();
        await host.begin();
        why = await tell(host, tcCommands(link, undefined));
      }
      if (why !== undefined) throw refusal(name, link, why);
    }
  } catch (error) {
    await undo().catch(() => {});
    throw error;
  }
  const up = () => hosts.every((host) => host.up());
  return { means: takesNetem(link) ? "netem" : "tbf", ...(seeded && { seed }), up, undo };
}

async function tell(host: LinkHost, commands: readonly string[]): Promise<string | undefined> {
  for (const command of commands) {
    const why = await host.tc(command);
    if (why !== undefined) return `tc ${command.split(" ").slice(0, 2).join(" ")}: ${why}`;
  }
  return undefined;
}

function refusal(machine: string, link: Link, why: string): UserError {
  return new UserError({
    what: `link ${link.name} (${linkText(link)}) cannot be laid: the kernel of "${machine}" refuses ${why}`,
    expected: takesNetem(link)
      ? "a kernel with netem, tbf and htb (modules sch_netem, sch_tbf, sch_htb), and tc on both machines"
      : "a kernel with tbf and htb (modules sch_tbf, sch_htb), and tc on both machines",
    fix: "run there: apt-get install -y iproute2 linux-modules-extra-$(uname -r); or leave the link out",
  });
}
