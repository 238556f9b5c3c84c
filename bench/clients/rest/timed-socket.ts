import { Socket, type TcpSocketConnectOpts } from "node:net";
import { performance } from "node:perf_hooks";

type Done = (error?: Error | null) => void;

/** A TCP socket that knows when the kernel last took everything it was given. */
export class TimedSocket extends Socket {
  /** When the last write was complete (`performance.now`, ms); 0 before the first. */
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

/** Connects within `timeoutMs`; rejects with what the kernel said, or a plain error at the timeout. */
export function connectTimed(options: TcpSocketConnectOpts, timeoutMs: number): Promise<TimedSocket> {
  return new Promise((resolve, reject) => {
    const socket = new TimedSocket();
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
