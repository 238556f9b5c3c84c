import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { authority, deadlineExceeded, noConnection, unavailable } from "../address.ts";
import { StatusError, type CanonicalCode } from "../codes.ts";
import { CallDeadlines } from "./call-deadlines.ts";
import { checkStatus, grpcTimeout, messagePrefix, unwrapMessage } from "./grpc-framing.ts";
import { Http2Connection } from "./h2/connection.ts";
import { Exchange, type Received } from "./h2/exchange.ts";
import { encodeBlock } from "./h2/hpack.ts";
import { GoingAway, StreamReset, type Http2ErrorName } from "./h2/errors.ts";
import { connectTls } from "../tls.ts";
import type { RequestWindow } from "../client.ts";
import type { Security } from "../security.ts";
import { READ_BYTES, WIDE_WINDOWS, type Windows } from "./settings.ts";
import type { GatheredMessage } from "./protobuf-writer.ts";

/** What came back of one unary call, with the marks that the channel saw (`performance.now`, ms). */
export interface UnaryAnswer {
  readonly body: Uint8Array;
  readonly sentAt: number;
  readonly firstByteAt: number;
  readonly lastByteAt: number;
  /** The server had not begun the first attempt, and this is the second one's. */
  readonly retried: boolean;
  readonly requestWindow: RequestWindow;
}

/** A server that has provably not begun a call: it refused its stream, or went away before it. */
class NotBegun extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/**
 * One HTTP/2 connection, framed here, that carries unary gRPC calls of ready-made bytes: a request's pieces go from their
 * owners to the kernel in one gathered write.
 */
export class GrpcChannel {
  readonly #address: string;
  readonly #port: number;
  readonly #security: Security | undefined;
  readonly #windows: Windows;
  #connection: Http2Connection | null = null;
  /** Header blocks by path and timeout: the same for every call of a run. */
  readonly #blocks = new Map<string, Buffer>();
  readonly #deadlines = new CallDeadlines();

  constructor(address: string, port: number, security?: Security, windows: Windows = WIDE_WINDOWS) {
    this.#address = address;
    this.#port = port;
    this.#security = security;
    this.#windows = windows;
  }

  /** Connects. Throws UserError that names the address where there is no connection within `timeoutMs`. */
  async open(timeoutMs: number): Promise<void> {
    try {
      this.#connection = await this.#connect(timeoutMs);
    } catch (error) {
      throw noConnection("gRPC", this.#address, this.#port, error);
    }
  }

  /** Reconnects where the last connection is gone; returns at once where it stands. Throws StatusError. */
  async ready(timeoutMs: number): Promise<void> {
    if (this.#connection?.usable === true) return;
    try {
      this.#connection = await this.#connect(timeoutMs);
    } catch (error) {
      throw unavailable(this.#address, this.#port, error);
    }
  }

  /**
   * One call; a second attempt where the server has provably not begun the first, as gRPC's clients make it (its "transparent
   * retries"). Throws StatusError: the server's own status, or what became of the connection.
   */
  async unary(path: string, message: GatheredMessage, timeoutMs: number): Promise<UnaryAnswer> {
    const deadline = performance.now() + timeoutMs;
    try {
      return await this.#once(path, message, timeoutMs, deadline, false);
    } catch (error) {
      if (!(error instanceof NotBegun)) throw error;
    }
    try {
      await this.ready(Math.max(1, deadline - performance.now()));
      return await this.#once(path, message, timeoutMs, deadline, true);
    } catch (error) {
      const status = error instanceof NotBegun ? this.#statusOf(error.cause as Error) : error;
      if (status instanceof StatusError) status.retried = true;
      throw status;
    }
  }

  async #once(
    path: string,
    message: GatheredMessage,
    timeoutMs: number,
    deadline: number,
    retried: boolean,
  ): Promise<UnaryAnswer> {
    const received = await this.#exchange(path, message, timeoutMs, deadline);
    checkStatus(received.headers, received.trailers);
    const { sentAt, firstByteAt, lastByteAt, requestWindow } = received;
    return { body: unwrapMessage(received.body), sentAt, firstByteAt, lastByteAt, retried, requestWindow };
  }

  close(): Promise<void> {
    this.#connection?.close();
    this.#connection = null;
    return Promise.resolve();
  }

  #exchange(path: string, message: GatheredMessage, timeoutMs: number, deadline: number): Promise<Received> {
    return new Promise((resolve, reject) => {
      const connection = this.#connection;
      if (connection === null) return reject(unavailable(this.#address, this.#port, "not connected"));
      const exchange = new Exchange(
        this.#headerBlock(path, timeoutMs),
        [messagePrefix(message.length), ...message.pieces],
        (received) => {
          over();
          resolve(received);
        },
        (error) => {
          over();
          const refused =
            error instanceof GoingAway || (error instanceof StreamReset && error.errorName === "REFUSED_STREAM");
          reject(refused && !exchange.answered ? new NotBegun(error) : this.#statusOf(error));
        },
      );
      const over = this.#deadlines.add(deadline, () => {
        connection.cancel(exchange);
        reject(deadlineExceeded(this.#address, this.#port, timeoutMs));
      });
      connection.start(exchange);
    });
  }

  #statusOf(error: Error): StatusError {
    if (error instanceof StatusError) return error;
    if (!(error instanceof StreamReset)) return unavailable(this.#address, this.#port, error);
    const code = RESET_CODES[error.errorName] ?? "INTERNAL";
    return new StatusError(code, `${authority(this.#address, this.#port)}: ${error.message}`, { cause: error });
  }

  #headerBlock(path: string, timeoutMs: number): Buffer {
    const timeout = grpcTimeout(timeoutMs);
    const key = `${path} ${timeout}`;
    let block = this.#blocks.get(key);
    if (block === undefined) {
      block = encodeBlock([
        [":method", "POST"],
        [":scheme", this.#security === undefined ? "http" : "https"],
        [":path", path],
        [":authority", authority(this.#address, this.#port)],
        ["te", "trailers"],
        ["content-type", "application/grpc"],
        ["user-agent", "lathe-probe"],
        ["grpc-timeout", timeout],
      ]);
      this.#blocks.set(key, block);
    }
    return block;
  }

  async #connect(timeoutMs: number): Promise<Http2Connection> {
    const deadline = performance.now() + timeoutMs;
    const where = { host: this.#address, port: this.#port };
    let connection: Http2Connection | null = null;
    const receive = (bytes: Buffer) => connection?.receive(bytes);
    const security = this.#security;
    const socket =
      security === undefined ? connectPlain(where, receive) : await connectTls(where, security, "h2", timeoutMs);
    const late = new Error(`no HTTP/2 peer within ${timeoutMs} ms`);
    const timer = setTimeout(() => socket.destroy(late), deadline - performance.now());
    try {
      if (security === undefined) await once(socket, "connect");
      connection = new Http2Connection(socket, this.#windows);
      // TLS gives its bytes in buffers of its own: no read buffer to lend.
      if (security !== undefined) socket.on("data", receive);
      await connection.greet();
      return connection;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

function connectPlain(where: { host: string; port: number }, receive: (bytes: Buffer) => void): Socket {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const callback = (count: number) => {
    receive(buffer.subarray(0, count));
    return true;
  };
  return connect({ ...where, noDelay: true, onread: { buffer, callback } });
}

/** What gRPC makes of a reset (its "HTTP2 error codes to status codes"); all others are INTERNAL. */
const RESET_CODES: Readonly<Partial<Record<Http2ErrorName, CanonicalCode>>> = {
  REFUSED_STREAM: "UNAVAILABLE",
  CANCEL: "CANCELLED",
  ENHANCE_YOUR_CALM: "RESOURCE_EXHAUSTED",
  INADEQUATE_SECURITY: "PERMISSION_DENIED",
};
