/** A port that a process of a host listens on. */
export interface Listening {
  readonly port: number;
  /** For the host itself alone. */
  readonly loopback: boolean;
}

/** Loopback as the kernel writes it there: 127.x.x.x in the host's byte order, ::1, and 127.x.x.x as an IPv6 address. */
const ON_LOOPBACK = /^(?:[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/;

/** The listening sockets (state 0A) in the text of `/proc/net/tcp` and `/proc/net/tcp6` of a little-endian host. Pure. */
export function listening(text: string): Listening[] {
  return [...text.matchAll(/^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 0A /gm)].map(
    ([, address = "", port = ""]) => ({ port: parseInt(port, 16), loopback: ON_LOOPBACK.test(address) }),
  );
}
