import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";

/** How a proxy treats what passes through it; each is changed while connections are open. */
export interface Treatment {
  /** Holds bytes back this long, each way. Milliseconds. */
  delayMs: number;
  /** Resets both ends of a connection once so many bytes came back through it. */
  resetAfterBytes: number;
  /** Bytes come back one piece every 50 ms, of this size. */
  trickleBytes: number;
  /** Nothing passes any more, and nobody is told. */
  silent: boolean;
}

const CLEAN: Treatment = { delayMs: 0, resetAfterBytes: Infinity, trickleBytes: Infinity, silent: false };
const TRICKLE_MS = 50;

/** A TCP proxy between a bench and a server, with a bad day at will. */
export interface Proxy {
  readonly port: number;
  /** From now on, for new and open connections; what is not named is as it should be. */
  treat(treatment: Partial<Treatment>): void;
  close(): void;
}

/** Starts a proxy to a server, on a free port of this machine. */
export async function startProxy(address: string, port: number): Promise<Proxy> {
  let now = CLEAN;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = createConnection(port, address);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    let returned = 0;
    near.on("data", (bytes: Buffer) => pass(bytes, far));
    far.on("data", (bytes: Buffer) => {
      returned += bytes.length;
      if (returned > now.resetAfterBytes) {
        near.resetAndDestroy();
        return;
      }
      if (bytes.length <= now.trickleBytes) return pass(bytes, near);
      far.pause();
      trickle(bytes, near, () => far.resume());
    });
  });
  const pass = (bytes: Buffer, to: Socket) => {
    if (now.silent) return;
    if (now.delayMs === 0) to.write(bytes);
    else setTimeout(() => to.destroyed || to.write(bytes), now.delayMs);
  };
  const trickle = (bytes: Buffer, to: Socket, done: () => void) => {
    if (to.destroyed) return;
    pass(bytes.subarray(0, now.trickleBytes), to);
    const rest = bytes.subarray(now.trickleBytes);
    if (rest.length === 0) done();
    else setTimeout(trickle, TRICKLE_MS, rest, to, done);
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    treat: (treatment) => void (now = { ...CLEAN, ...treatment }),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
