import type { GatheredMessage } from "../tf-serving/messages/encode.ts";

/** What came back of one unary call, with the marks that the transport saw (`performance.now`, ms). */
export interface UnaryAnswer {
  /** The message's bytes without gRPC's five-byte prefix. */
  readonly body: Uint8Array;
  readonly sentAt: number;
  readonly firstByteAt: number;
  readonly lastByteAt: number;
}

/** One HTTP/2 connection that carries unary gRPC calls of ready-made bytes. */
export interface UnaryChannel {
  /** Connects. Throws UserError that names the address where there is no connection within `timeoutMs`. */
  open(timeoutMs: number): Promise<void>;
  /** Reconnects where the last connection is gone; returns at once where it stands. Throws StatusError. */
  ready(timeoutMs: number): Promise<void>;
  /** One call. Throws StatusError: the server's own status, or what became of the connection. */
  unary(path: string, message: GatheredMessage, timeoutMs: number): Promise<UnaryAnswer>;
  close(): Promise<void>;
}
