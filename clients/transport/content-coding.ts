import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { messageOf } from "../../lib/errors.ts";
import { answerTooLarge } from "../codes.ts";
import { NotHttp } from "./response-head.ts";

type Decode = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer;

/** By the name that travels (RFC 9110, section 8.4.1). */
const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: gunzipSync,
  "x-gzip": gunzipSync,
  // Some send it without zlib's two bytes, which are then no multiple of 31.
  deflate: (bytes, options) =>
    (bytes.length > 1 && bytes.readUInt16BE(0) % 31 === 0 ? inflateSync : inflateRawSync)(bytes, options),
  br: brotliDecompressSync,
};

/**
 * A body without its coding, which nobody asked for and which something between may have put on.
 *
 * @param coding as the head says it; empty: none
 * @param largest bytes of what comes out: a few that would become more are given up
 * @throws NotHttp where the coding is another one or the body is not coded so, StatusError where it is too large
 */
export function decoded(body: Buffer, coding: string, largest: number): Buffer {
  if (coding === "" || coding === "identity" || body.length === 0) return body;
  const decode = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
  if (decode === undefined)
    throw new NotHttp(
      `the answer is coded by ${JSON.stringify(coding.slice(0, 80))}, which nobody asked for and Lathe does not read`,
    );
  try {
    return decode(body, { maxOutputLength: largest });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw answerTooLarge(largest);
    throw new NotHttp(`the answer says that it is coded by ${coding}, and is not: ${messageOf(error)}`);
  }
}
