import type { RequestWindow } from "../../clients/client.ts";
import type { ConnectionState } from "../../bench/stats/floor/call.ts";

/** A request to the client. */
export interface Ask {
  readonly client: string;
  readonly port: number;
  readonly state: ConnectionState;
  readonly calls: number;
  /** Calls before the measured ones, on a connection that must not be cold. */
  readonly warmups: number;
  /** How long nothing is sent before a call on an idle connection. */
  readonly idleMs: number;
}

/** One call, with what the kernel said of its connection before. */
export interface MadeCall {
  readonly ms: number;
  readonly sendMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly window?: RequestWindow;
  /** Segments. */
  readonly cwnd: number;
  /** The same after it. */
  readonly cwndAfter: number;
  readonly rtoMs: number;
  /** Segments that were sent again during the call. */
  readonly retransmits: number;
}

/** The client's answer. */
export interface Told {
  readonly calls: MadeCall[];
}
