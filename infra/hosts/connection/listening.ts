/** A port that a process of a host listens on. */
export interface Listening {
  readonly port: number;
  /** For the host itself alone. */
  readonly loopback: boolean;
}

/** The host's ports in the text of `docker ps`, which joins neighbours: `0.0.0.0:8500-8501->8500-8501/tcp`. Pure. */
export function publishedPorts(text: string): number[] {
  const ports = [...text.matchAll(/:(\d+)(?:-(\d+))?->/g)].flatMap(([, first, last = first]) =>
    Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i),
  );
  return [...new Set(ports)];
}

/** Loopback as the kernel writes it there: 127.x.x.x in the host's byte order, ::1, and 127.x.x.x as an IPv6 address. */
const ON_LOOPBACK = /^(?:[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/;

/** The listening sockets (state 0A) in the text of `/proc/net/tcp` and `/proc/net/tcp6` of a little-endian host. Pure. */
export function listening(text: string): Listening[] {
  return [...text.matchAll(/^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 0A /gm)].map(
    ([, address = "", port = ""]) => ({ port: parseInt(port, 16), loopback: ON_LOOPBACK.test(address) }),
  );
}
