import { Http2Error } from "./errors.ts";
import { Flag, FrameType, unpadded, type Frame } from "./frames.ts";
import { HeaderDecoder, type HeaderMap } from "./hpack.ts";

/** More than this in one header block is an attack or a fault. */
const LARGEST_BLOCK = 256 * 1024;
/** What a frame counts for beyond its bytes: without any, as many as one likes would be within the bound. */
const FRAME_BYTES = 1024;

/** Puts header blocks together from HEADERS and CONTINUATION frames and decodes them. */
export class HeaderBlocks {
  readonly #decoder = new HeaderDecoder();
  #open: { readonly stream: number; readonly endStream: boolean; readonly parts: Buffer[]; length: number } | null =
    null;

  /** Throws Http2Error where a frame comes that may not come now: nothing may interrupt an open block. */
  check(frame: Frame): void {
    const continues = frame.type === FrameType.continuation;
    if (this.#open === null ? !continues : continues && frame.stream === this.#open.stream) return;
    throw new Http2Error("PROTOCOL_ERROR", "a header block that is interrupted");
  }

  /** Takes a frame that {@link check} let through; gives the block when it is whole. */
  push(frame: Frame): { readonly headers: HeaderMap; readonly endStream: boolean } | null {
    if (frame.stream === 0) throw new Http2Error("PROTOCOL_ERROR", "HEADERS outside of a stream");
    const endStream = this.#open?.endStream ?? (frame.flags & Flag.endStream) !== 0;
    const part = frame.type === FrameType.headers ? unpadded(frame) : frame.payload;
    if (this.#open === null && (frame.flags & Flag.endHeaders) !== 0)
      return { headers: this.#decoder.decode(part), endStream };
    this.#open ??= { stream: frame.stream, endStream, parts: [], length: 0 };
    if (part.length > 0) this.#open.parts.push(Buffer.from(part));
    this.#open.length += part.length + FRAME_BYTES;
    if (this.#open.length > LARGEST_BLOCK) throw new Http2Error("ENHANCE_YOUR_CALM", "a header block without end");
    if ((frame.flags & Flag.endHeaders) === 0) return null;
    const block = Buffer.concat(this.#open.parts);
    this.#open = null;
    return { headers: this.#decoder.decode(block), endStream };
  }
}
