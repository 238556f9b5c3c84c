import type { Security } from "./security.ts";

/** Element types whose values Lathe can show, by TensorFlow's names. */
export type NumberType =
  | ("DT_FLOAT" | "DT_DOUBLE" | "DT_HALF" | "DT_BFLOAT16" | "DT_BOOL")
  | ("DT_INT8" | "DT_INT16" | "DT_INT32" | "DT_INT64")
  | ("DT_UINT8" | "DT_UINT16" | "DT_UINT32" | "DT_UINT64");

/** Any other by its number (`DT_8`, complex numbers): its bytes are kept. */
export type OtherType = `DT_${number}`;

export type DType = NumberType | "DT_STRING" | OtherType;

/** Numbers in row-major order, as they lie in memory. */
export type NumberArray =
  | (Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | BigInt64Array)
  | (Uint8Array | Uint16Array | Uint32Array | BigUint64Array);

/**
 * A dense tensor. `data` holds the elements in row-major order: strings are byte strings, floats of 16 bits their bits, and of other
 * types there are the bytes as they came. `valuesOf` (tensors.ts) makes numbers of it.
 */
export interface Tensor {
  readonly dtype: DType;
  /** Size of each dimension; empty for a scalar. */
  readonly shape: readonly number[];
  readonly data: NumberArray | readonly Uint8Array[];
}

/** One predict request, the same for every protocol. Without `version` or `label`: the latest; the signature is `serving_default`. */
export interface PredictRequest {
  readonly model: string;
  readonly version?: number;
  /** Instead of a number, the name that the server's config gives to a version: `stable`. */
  readonly label?: string;
  readonly signature?: string;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly timeoutMs: number;
}

/**
 * Where a call's time went, in milliseconds of the monotonic clock. The parts follow each other without gaps:
 * `totalMs` is their sum where all are seen. A part that a client cannot see is null, and then counts into none.
 */
export interface Timing {
  /** Pixels to request bytes. */
  readonly encodeMs: number | null;
  /** First byte handed to the kernel until the last one was. */
  readonly sendMs: number | null;
  /** Last byte sent until the first byte of the answer. */
  readonly waitMs: number | null;
  /** First byte of the answer until the last. */
  readonly receiveMs: number | null;
  /** Answer bytes to tensors. */
  readonly decodeMs: number | null;
  /** The whole, as the paper's client measured: encode to decoded. */
  readonly totalMs: number;
}

/** Why a call failed, in the protocol's own words. */
export interface CallError {
  /** Canonical status name (`NOT_FOUND`, `UNAVAILABLE`, `DEADLINE_EXCEEDED`…), whatever the protocol. */
  readonly code: string;
  readonly message: string;
}

/** What the server's HTTP/2 windows let through of one request. */
export interface RequestWindow {
  /** Bytes that might be sent before the server gave leave for more. */
  readonly bytes: number;
  /** How often the request had to wait for leave. */
  readonly waits: number;
}

/** A call's outcome: a value, never an exception. */
export type CallResult =
  | {
      readonly ok: true;
      readonly timing: Timing;
      readonly outputs: Readonly<Record<string, Tensor>>;
      readonly requestBytes: number;
      readonly responseBytes: number;
      /** The server had not begun the first attempt, and the client made a second: the times are of both together. */
      readonly retried?: boolean;
      readonly requestWindow?: RequestWindow;
    }
  | { readonly ok: false; readonly error: CallError; readonly totalMs: number; readonly retried?: boolean };

/** One protocol's client: one connection to one server, one call at a time unless `call` is called again meanwhile. */
export interface Client {
  /** Connects. Throws where there is no connection within `timeoutMs`, in words that name the address. */
  open(timeoutMs: number): Promise<void>;
  call(request: PredictRequest): Promise<CallResult>;
  close(): Promise<void>;
}

/**
 * What a client kind sets of its connections, bytes. All else is the kernel's: Node sets no socket buffers, so they grow by
 * themselves (tcp_rmem, tcp_wmem), as those of most programs.
 */
export interface TransportSettings {
  /** HTTP/2: how much of one answer a server may send, and of all answers, before it is given leave for more. */
  readonly streamWindowBytes?: number;
  readonly connectionWindowBytes?: number;
  /** One read from the kernel takes up to this much. */
  readonly readBytes?: number;
}

/** How a client is made; part of its API (`Api.clients`). */
export interface ClientKind {
  readonly name: string;
  /** The API that it speaks; it is offered wherever an endpoint has this API and protocol. */
  readonly api: string;
  readonly protocol: string;
  /**
   * What its requests carry: decoded pixels for `serving_default` (uint8 [1,H,W,3] under `inputs`), or the image file's
   * bytes for `serving_bytes` (string [1] under `inputs`). The caller builds the request's inputs accordingly.
   */
  readonly input: "pixels" | "file";
  /** Where an experiment names no client kind, each API and protocol is measured with its default one. */
  readonly isDefault: boolean;
  /** A sentence for tables and `--help`. */
  readonly about: string;
  /** Part of a run's provenance; absent: nothing but defaults is set. */
  readonly transport?: TransportSettings;
  /** @param security how to reach a protected server; absent: in the clear, as the paper did */
  create(address: string, port: number, security?: Security): Client;
}

/** How requests travel, whatever API they speak: `grpc`, to readers `gRPC`. */
export interface Protocol {
  readonly key: string;
  readonly title: string;
}

/** How much a histogram of a server's own clock holds; one step of the printed sum's last digit is `stepMs`. */
export interface Total {
  readonly count: number;
  readonly sumMs: number;
  readonly stepMs: number;
}

/** What a server has reported of one model over one protocol since its start. */
export interface ServerTotals {
  /** From the request as the protocol's library hands it over until the answer is handed back. */
  readonly requests: Total;
  /** The model's own run, whatever protocol asked for it. */
  readonly runs: Total;
  /** How long requests waited in the server's own queue before a run; absent where it does not tell. */
  readonly queue?: Total;
}

/** An API that servers speak: a folder of `clients/`, and a line in `clients/registry.ts`. */
export interface Api {
  readonly name: string;
  readonly clients: readonly ClientKind[];
  /** Reads the page of metrics of servers that speak it; absent where they have none of a form of their own. */
  readonly metrics?: (page: string, model: string, protocol: string) => ServerTotals;
}
