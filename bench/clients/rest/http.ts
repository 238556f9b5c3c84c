import { performance } from "node:perf_hooks";
import { Client, type Dispatcher } from "undici";
import { authority, deadlineExceeded, noConnection, unavailable } from "../address.ts";
import { connectTimed, type TimedSocket } from "./timed-socket.ts";

/** Longer than any pause between two calls of a run: the connection is not given up for being idle. */
const IDLE_MS = 3_600_000;

/** What came back of one HTTP exchange, whatever its status, with the marks seen (`performance.now`, ms). */
export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
  readonly sentAt: number;
  readonly firstByteAt: number;
  readonly lastByteAt: number;
}

/** One HTTP/1.1 connection by undici's dispatch, over a socket whose writes are timed. */
export class HttpConnection {
  readonly #address: string;
  readonly #port: number;
  readonly #client: Client;
  #socket: TimedSocket | null = null;
  /** A connected socket that undici has not asked for yet. */
  #spare: TimedSocket | null = null;

  constructor(address: string, port: number) {
    this.#address = address;
    this.#port = port;
    this.#client = new Client(`http://${authority(address, port)}`, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      connect: (_options, callback) => {
        this.#take().then(
          (socket) => callback(null, socket),
          (error: Error) => callback(error, null),
        );
      },
    });
  }

  async open(timeoutMs: number): Promise<void> {
    try {
      await this.#connect(timeoutMs);
    } catch (error) {
      throw noConnection("REST", this.#address, this.#port, error);
    }
  }

  /** Reconnects where the last connection is gone, so that no call's time has a connect in it. Throws StatusError. */
  async ready(timeoutMs: number): Promise<void> {
    if (this.#socket !== null && !this.#socket.destroyed && !this.#socket.readableEnded) return;
    try {
      await this.#connect(timeoutMs);
    } catch (error) {
      throw unavailable(this.#address, this.#port, error);
    }
  }

  /**
   * One exchange. Throws StatusError where there is no whole answer: DEADLINE_EXCEEDED, or UNAVAILABLE where the
   * connection broke, the body was shorter than promised, or the peer does not speak HTTP.
   */
  exchange(method: "GET" | "POST", path: string, body: Buffer | null, timeoutMs: number): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let control: Dispatcher.DispatchController | null = null;
      let late: Error | null = null;
      let [status, firstByteAt, sentAt] = [0, 0, 0];
      const timer = setTimeout(() => {
        late = deadlineExceeded(this.#address, this.#port, timeoutMs);
        control?.abort(late);
        reject(late);
      }, timeoutMs);
      this.#client.dispatch(
        {
          method,
          path,
          body,
          headers: body === null ? {} : { "content-type": "application/json" },
          // What a call costs is for the caller to see: never sent twice.
          idempotent: false,
        },
        {
          onRequestStart: (controller) => {
            control = controller;
            if (late !== null) controller.abort(late);
          },
          onResponseStart: (_controller, code) => {
            firstByteAt = performance.now();
            sentAt = this.#socket?.flushedAt ?? firstByteAt;
            status = code;
          },
          onResponseData: (_controller, chunk) => {
            chunks.push(chunk);
          },
          onResponseEnd: () => {
            const lastByteAt = performance.now();
            clearTimeout(timer);
            const all = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
            resolve({ status, body: all, sentAt, firstByteAt, lastByteAt });
          },
          onResponseError: (_controller, error) => {
            clearTimeout(timer);
            reject(late ?? unavailable(this.#address, this.#port, error));
          },
        },
      );
    });
  }

  async close(): Promise<void> {
    await this.#client.destroy();
    this.#socket?.destroy();
    this.#socket = this.#spare = null;
  }

  async #connect(timeoutMs: number): Promise<TimedSocket> {
    const socket = await connectTimed({ host: this.#address, port: this.#port }, timeoutMs);
    this.#socket = this.#spare = socket;
    // Until undici takes it, an idle socket's end must not be an unhandled error; ready() sees that it is destroyed.
    socket.on("error", () => undefined);
    return socket;
  }

  /** The spare socket where there is one, else a new connection. */
  async #take(): Promise<TimedSocket> {
    const spare = this.#spare;
    const socket = spare !== null && !spare.destroyed ? spare : await this.#connect(10_000);
    this.#spare = null;
    return socket;
  }
}
