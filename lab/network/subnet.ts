/** The first subnet that a lab takes where it is free; the next ones follow it. */
const FIRST = [10, 213, 7] as const;
const TRIED = 200;

/** An IPv4 network as numbers: the first address, and the count of leading bits that are fixed. */
interface Network {
  readonly start: number;
  readonly bits: number;
}

/**
 * A /24 that nothing on this machine has a route to or an address in.
 *
 * @param routes destinations as `ip -j route show table all` gives them: `192.0.2.0/24`, `10.0.0.1`, `default`
 * @returns such as `10.213.7.0/24`; undefined if all that are tried are taken
 */
export function freeSubnet(routes: readonly string[]): string | undefined {
  // The default route leads everywhere: it takes nothing.
  const taken = routes.flatMap((r) => parseNetwork(r) ?? []).filter((n) => n.bits > 0);
  for (let i = 0; i < TRIED; i++) {
    const third = (FIRST[2] + i) % 256;
    const text = `${FIRST[0]}.${FIRST[1]}.${third}.0/24`;
    const candidate = parseNetwork(text);
    if (candidate !== undefined && !taken.some((n) => overlap(n, candidate))) return text;
  }
  return undefined;
}

/** An address of a /24: `addressIn("10.213.7.0/24", 11)` is `10.213.7.11`. */
export function addressIn(subnet: string, number: number): string {
  return subnet.replace(/\.0\/24$/, `.${number}`);
}

/** An IPv6 address beside it, of a prefix that is as private and as much the lab's own as its IPv4 subnet. */
export function address6In(subnet: string, number: number): string {
  const [, , third = "0"] = subnet.split(".");
  return `fd6c:6174:6865:${Number(third).toString(16)}::${number.toString(16)}`;
}

/** The hardware address of the card that has an IPv4 address: locally administered, and always the same. */
export function hardwareAddress(address: string): string {
  const bytes = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return ["02", "00", ...bytes].join(":");
}

function parseNetwork(text: string): Network | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = match.slice(1, 5).map(Number);
  const bits = match[5] === undefined ? 32 : Number(match[5]);
  const size = 2 ** (32 - bits);
  const start = ((a * 256 + b) * 256 + c) * 256 + d;
  return { start: start - (start % size), bits };
}

function overlap(a: Network, b: Network): boolean {
  const size = (n: Network) => 2 ** (32 - n.bits);
  return a.start < b.start + size(b) && b.start < a.start + size(a);
}
