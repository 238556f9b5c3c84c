/** A port that a process of a host listens on. */
export interface Listening {
  readonly port: number;
  /** For the host itself alone. */
  readonly loopback: boolean;
}

/** Ports in a row, first and last. */
export type PortRange = readonly [first: number, last: number];

const LAST_PORT = 65535;

/**
 * The host's ports in the text of `docker ps`, which joins neighbours: `0.0.0.0:8500-8501->8500-8501/tcp`. They stay ranges: a
 * host may tell of any number of containers, and of all ports for each. Pure.
 */
export function publishedPorts(text: string): PortRange[] {
  const told = [...text.matchAll(/:(\d{1,9})(?:-(\d{1,9}))?->/g)].map(([, first, last = first]): PortRange => {
    return [Number(first), Math.min(Number(last), LAST_PORT)];
  });
  const once = new Map(told.map((range) => [range.join("-"), range]));
  return [...once.values()].filter(([first, last]) => first <= last);
}

/** Whether a port is in one of the ranges. Pure. */
export function hasPort(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some(([first, last]) => first <= port && port <= last);
}

/** Loopback as the kernel writes it there: 127.x.x.x in the host's byte order, ::1, and 127.x.x.x as an IPv6 address. */
const ON_LOOPBACK = /^(?:[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/;

/**
 * The listening sockets (state 0A) in the text of `/proc/net/tcp` and `/proc/net/tcp6` of a little-endian host: each port at
 * most twice, on loopback and not. Pure.
 */
export function listening(text: string): Listening[] {
  const rows = text.matchAll(/^[ \t]*\d{1,9}: ([0-9A-F]{8,32}):([0-9A-F]{4}) [0-9A-F]{8,32}:[0-9A-F]{4} 0A /gm);
  const once = new Map<string, Listening>();
  for (const [, address = "", port = ""] of rows) {
    const loopback = ON_LOOPBACK.test(address);
    once.set(`${port} ${loopback}`, { port: parseInt(port, 16), loopback });
  }
  return [...once.values()];
}
