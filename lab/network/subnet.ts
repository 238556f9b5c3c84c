import { BlockList, isIPv4 } from "node:net";

/** The first subnet that is tried, then those that follow it. */
const FIRST = [10, 213, 7] as const;
const TRIED = 200;

/** A /24 to which none of the machine's routes (`ip -j route show table all`) leads; undefined if none of those tried is free. */
export function freeSubnet(routes: readonly string[]): string | undefined {
  // The default route leads everywhere: it does not count.
  const found = routes.map((r) => r.split("/")).filter(([start = "", bits]) => isIPv4(start) && bits !== "0");
  const taken = new BlockList();
  for (const [start = "", bits = "32"] of found) taken.addSubnet(start, Number(bits));
  for (let i = 0; i < TRIED; i++) {
    const start = `${FIRST[0]}.${FIRST[1]}.${(FIRST[2] + i) % 256}.0`;
    const candidate = new BlockList();
    candidate.addSubnet(start, 24);
    // Two networks overlap if one holds the other's first address.
    if (!taken.check(start) && !found.some(([other = ""]) => candidate.check(other))) return `${start}/24`;
  }
  return undefined;
}

/** An address of a /24: `addressIn("10.213.7.0/24", 11)` is `10.213.7.11`. */
export function addressIn(subnet: string, number: number): string {
  return subnet.replace(/\.0\/24$/, `.${number}`);
}

/** The same host's IPv6 address, in a private prefix that belongs to the lab's IPv4 subnet. */
export function address6In(subnet: string, number: number): string {
  const [, , third = "0"] = subnet.split(".");
  return `fd6c:6174:6865:${Number(third).toString(16)}::${number.toString(16)}`;
}

/** The hardware address for the interface of an IPv4 address: locally administered, and always the same. */
export function hardwareAddress(address: string): string {
  const bytes = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return ["02", "00", ...bytes].join(":");
}
