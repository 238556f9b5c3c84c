import type { Link } from "../matrix/link.ts";

/** Handles of our disciplines. A discipline with another handle is not ours. */
const [TOP, WAY, RATE] = ["1a7e:", "1a7f:", "1a80:"];

/** How many packets netem holds at most: over a second of 1 Gbit/s. */
const HELD = 100_000;

/** How long a packet may wait for those before it, as in the lab: a router's buffer. */
const QUEUE = "200ms";

/** Whether a link needs netem. One that only limits the bandwidth does not. Pure. */
export const takesNetem = ({ rttMs, loss }: Link): boolean => rttMs > 0 || loss > 0;

/**
 * Commands of `tc` for one end of a link. Packets to the other end (`@peer`) leave the device (`@dev`) through a class of their own; all
 * others leave as before. Each end adds half of the link's round trip. Pure.
 *
 * @param seed of netem's losses; undefined if netem takes none (before Linux 6.6)
 */
export function tcCommands(link: Link, seed: number | undefined): string[] {
  const { mbit } = link;
  // Without a default class HTB lets everything else out as it comes.
  const first = `qdisc replace dev @dev root handle ${TOP} htb default 0`;
  const way = `class add dev @dev parent ${TOP} classid ${TOP}2 htb rate 100gbit quantum 200000`;
  const match = `filter add dev @dev parent ${TOP} protocol ip prio 1 u32 match ip dst @peer/32 flowid ${TOP}2`;
  const netem = takesNetem(link) ? [`qdisc add dev @dev parent ${TOP}2 handle ${WAY} ${netemWords(link, seed)}`] : [];
  const parent = netem.length === 0 ? `${TOP}2` : `${WAY}1`;
  const rate = mbit === null ? [] : [`qdisc add dev @dev parent ${parent} handle ${RATE} ${tbfWords(mbit)}`];
  return [first, way, match, ...netem, ...rate];
}

function netemWords({ rttMs, jitterMs, loss }: Link, seed: number | undefined): string {
  const micros = (ms: number) => `${Math.round(ms * 1000)}us`;
  return [
    `netem limit ${HELD}`,
    ...(rttMs === 0 ? [] : [`delay ${micros(rttMs / 2)}`]),
    // With a rate netem keeps the order of packets whose delays differ; this one limits nothing.
    ...(jitterMs === 0 ? [] : [micros(jitterMs / 2), "rate 100gbit"]),
    ...(loss === 0 ? [] : [`loss ${Number((loss * 100).toPrecision(6))}%`]),
    ...(loss === 0 || seed === undefined ? [] : [`seed ${seed}`]),
  ].join(" ");
}

/** The burst holds two frames, or what leaves in a millisecond: more would arrive sooner than the rate allows. */
function tbfWords(mbit: number): string {
  const burst = Math.max(3_200, Math.ceil((mbit * 1e6) / 8 / 1000));
  return `tbf rate ${Math.round(mbit * 1000)}kbit burst ${burst} latency ${QUEUE}`;
}
