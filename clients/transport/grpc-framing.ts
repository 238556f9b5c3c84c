import { codeName, codeOfGrpcHttpStatus, StatusError } from "../codes.ts";
import type { HeaderMap } from "./h2/hpack.ts";

/** gRPC's five bytes before each message: not compressed, then the length. */
export function messagePrefix(length: number): Buffer {
  const prefix = Buffer.allocUnsafe(5);
  prefix[0] = 0;
  prefix.writeUInt32BE(length, 1);
  return prefix;
}

/** The one message inside an answer's bytes. Throws StatusError INTERNAL where it is cut short, compressed or not alone. */
export function unwrapMessage(chunks: readonly Uint8Array[]): Uint8Array {
  const all = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
  if (all.length < 5)
    throw new StatusError("INTERNAL", `the answer ends after ${all.length} bytes, before its message`);
  if (all[0] !== 0) throw new StatusError("INTERNAL", "the answer is compressed, which nobody asked for");
  const want = new DataView(all.buffer, all.byteOffset).getUint32(1);
  if (all.length - 5 !== want)
    throw new StatusError("INTERNAL", `the answer promises a message of ${want} bytes and holds ${all.length - 5}`);
  return all.subarray(5);
}

/**
 * Throws the status in an answer's headers and trailers, if it is not OK.
 * @param trailers the last header block; in an answer of headers only, these
 */
export function checkStatus(headers: HeaderMap, trailers: HeaderMap): void {
  const http = Number(headers[":status"]);
  const status = trailers["grpc-status"];
  if (status === undefined) {
    if (http !== 200) throw new StatusError(codeOfGrpcHttpStatus(http), `the peer answered HTTP ${http}, not gRPC`);
    throw new StatusError("INTERNAL", "the answer ended without a gRPC status");
  }
  const code = Number(status);
  if (code !== 0) throw new StatusError(codeName(code), percentDecode(textOf(trailers["grpc-message"])));
  const type = textOf(headers["content-type"]);
  if (!type.startsWith("application/grpc"))
    throw new StatusError("INTERNAL", `the answer's content type is "${type}", not application/grpc`);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** gRPC's percent-encoding of messages; what is malformed stays as it is. */
export function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A deadline as `grpc-timeout` takes it: at most eight digits and a unit. */
export function grpcTimeout(timeoutMs: number): string {
  const wholeMs = Math.max(1, Math.ceil(timeoutMs));
  return wholeMs < 1e8 ? `${wholeMs}m` : `${Math.min(99_999_999, Math.ceil(wholeMs / 1000))}S`;
}
