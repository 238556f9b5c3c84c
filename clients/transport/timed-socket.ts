import { Socket, type SocketConstructorOpts, type TcpSocketConnectOpts } from "node:net";
import { performance } from "node:perf_hooks";
import { connectTls } from "../tls.ts";
import type { Security } from "../security.ts";
import { READ_BYTES } from "./settings.ts";

type Done = (error?: Error | null) => void;

/** A socket that knows when the kernel last took everything it was given. */
export interface TimedSocket extends Socket {
  /** When the last write was complete (`performance.now`, ms); 0 before the first. Its user may set it back. */
  flushedAt: number;
}

class PlainSocket extends Socket implements TimedSocket {
  flushedAt = 0;

  override _write(chunk: unknown, encoding: BufferEncoding, callback: Done): void {
    super._write(chunk, encoding, this.#timed(callback));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], callback: Done): void {
    super._writev?.(chunks, this.#timed(callback));
  }

  #timed(callback: Done): Done {
    return (error) => {
      this.flushedAt = performance.now();
      callback(error);
    };
  }
}

/**
 * Connects within `timeoutMs`; rejects with what the kernel said, or a plain error at the timeout.
 *
 * @param read gets what comes, in memory that is used again for the next read
 */
export function connectTimed(
  options: TcpSocketConnectOpts,
  timeoutMs: number,
  read: (bytes: Buffer) => void,
): Promise<TimedSocket> {
  return new Promise((resolve, reject) => {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const callback = (count: number) => {
      read(buffer.subarray(0, count));
      return true;
    };
    const lent: SocketConstructorOpts = { onread: { buffer, callback } };
    const socket = new PlainSocket(lent);
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
    socket.once("error", fail);
    socket.connect(options, () => {
      clearTimeout(timer);
      socket.off("error", fail);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

/** The same by TLS; its writes are complete when what they were encrypted to is with the kernel. */
export async function connectTimedTls(
  options: { readonly host: string; readonly port: number },
  security: Security,
  timeoutMs: number,
  read: (bytes: Buffer) => void,
): Promise<TimedSocket> {
  const socket = Object.assign(await connectTls(options, security, "http/1.1", timeoutMs), { flushedAt: 0 });
  const timed =
    (callback: Done): Done =>
    (error) => {
      socket.flushedAt = performance.now();
      callback(error);
    };
  // Node makes its TLS sockets itself, so there is no class to derive from.
  const [write, writev] = [socket._write.bind(socket), socket._writev?.bind(socket)];
  socket._write = (chunk, encoding, callback) => write(chunk, encoding, timed(callback));
  if (writev !== undefined) socket._writev = (chunks, callback) => writev(chunks, timed(callback));
  socket.on("data", read);
  return socket;
}
