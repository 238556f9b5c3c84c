import type { TransportSettings } from "../client.ts";
import { DEFAULT_WINDOW } from "./h2/frames.ts";

/** One read from the kernel takes up to this much. */
export const READ_BYTES = 256 * 1024;

/** What an HTTP/2 client asks for at the beginning of a connection. */
export type Windows = Required<Pick<TransportSettings, "streamWindowBytes" | "connectionWindowBytes">>;

/** Windows that no link fills that an answer of a model server would travel over: 16 MiB are 80 ms at 1600 Mbit/s. */
export const WIDE_WINDOWS: Windows = { streamWindowBytes: 2 ** 24, connectionWindowBytes: 2 ** 24 };

/** HTTP/2's own: what a client has that asks for nothing. */
export const DEFAULT_WINDOWS: Windows = { streamWindowBytes: DEFAULT_WINDOW, connectionWindowBytes: DEFAULT_WINDOW };

/** What Lathe's own gRPC and HTTP clients set; of protected servers Node decides how much it reads. */
export const GRPC_TRANSPORT: TransportSettings = { ...WIDE_WINDOWS, readBytes: READ_BYTES };
export const HTTP_TRANSPORT: TransportSettings = { readBytes: READ_BYTES };
