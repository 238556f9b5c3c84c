import { Http2Error, errorNumber, type Http2ErrorName } from "./errors.ts";
import { Held } from "../held.ts";

/** Frame types (RFC 9113, section 6). */
export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Frame flags; ack and endStream share a bit. */
export const Flag = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

export const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
};

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** What both sides begin with before SETTINGS say otherwise. */
export const DEFAULT_WINDOW = 65_535;
export const DEFAULT_MAX_FRAME = 16_384;
export const LARGEST_WINDOW = 2 ** 31 - 1;

/** One received frame. The payload lies in the read buffer: copy what outlives the call. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A frame's nine bytes of header. */
export function frameHeader(length: number, type: number, flags: number, stream: number): Buffer {
  const header = Buffer.allocUnsafe(9);
  header.writeUIntBE(length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return header;
}

/** A whole small frame. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  return Buffer.concat([frameHeader(payload.length, type, flags, stream), payload]);
}

/** SETTINGS from number and value pairs. */
export function settingsFrame(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.allocUnsafe(6 * settings.length);
  settings.forEach(([id, value], i) => {
    payload.writeUInt16BE(id, 6 * i);
    payload.writeUInt32BE(value, 6 * i + 2);
  });
  return frame(FrameType.settings, 0, 0, payload);
}

/** WINDOW_UPDATE of a stream, or of the connection (stream 0). */
export function windowUpdateFrame(stream: number, increment: number): Buffer {
  return frame(FrameType.windowUpdate, 0, stream, uint32(increment));
}

export function rstStreamFrame(stream: number, name: Http2ErrorName): Buffer {
  return frame(FrameType.rstStream, 0, stream, uint32(errorNumber(name)));
}

/** GOAWAY of a client, which no stream of the peer's ever reached. */
export function goawayFrame(name: Http2ErrorName): Buffer {
  return frame(FrameType.goaway, 0, 0, Buffer.concat([uint32(0), uint32(errorNumber(name))]));
}

function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Cuts a byte stream into frames, whatever pieces it comes in: each byte of a frame is copied once at most. */
export class FrameReader {
  /** The beginning of a frame. */
  readonly #held = new Held(2 * DEFAULT_MAX_FRAME);

  /**
   * Takes a piece and hands on every frame that is whole. Throws Http2Error FRAME_SIZE_ERROR for a frame larger than the
   * default, which is all that Lathe allows its peers.
   */
  push(piece: Buffer, take: (frame: Frame) => void): void {
    const bytes = this.#held.length === 0 ? piece : this.#held.add(piece);
    let at = 0;
    while (bytes.length - at >= 9) {
      const length = bytes.readUIntBE(at, 3);
      if (length > DEFAULT_MAX_FRAME) throw new Http2Error("FRAME_SIZE_ERROR", `a frame of ${length} bytes`);
      const end = at + 9 + length;
      if (end > bytes.length) break;
      take({
        type: bytes[at + 3] as number,
        flags: bytes[at + 4] as number,
        stream: bytes.readUInt32BE(at + 5) & 0x7fffffff,
        payload: bytes.subarray(at + 9, end),
      });
      at = end;
    }
    if (at === 0 && bytes !== piece) return;
    this.#held.length = 0;
    if (at < bytes.length) this.#held.add(bytes.subarray(at));
  }
}

/** A DATA or HEADERS payload without its padding and priority. Throws Http2Error where they do not fit in. */
export function unpadded({ type, flags, payload }: Frame): Buffer {
  const padded = (flags & Flag.padded) !== 0;
  const prioritised = type === FrameType.headers && (flags & Flag.priority) !== 0;
  // As most frames are: a slice of all of it would be made for nothing.
  if (!padded && !prioritised) return payload;
  const end = payload.length - (padded ? (payload[0] ?? 256) : 0);
  const start = (padded ? 1 : 0) + (prioritised ? 5 : 0);
  if (start > end) throw new Http2Error("PROTOCOL_ERROR", "padding longer than its frame");
  return payload.subarray(start, end);
}

/** Throws Http2Error FRAME_SIZE_ERROR where a frame of a fixed length has another. */
export function expectLength(frame: Frame, length: number): void {
  if (frame.payload.length !== length)
    throw new Http2Error("FRAME_SIZE_ERROR", `a frame of type ${frame.type} is broken`);
}

/** A flow-control window after a change. Throws Http2Error FLOW_CONTROL_ERROR beyond the largest that there may be. */
export function widened(window: number, by: number): number {
  const wider = window + by;
  if (wider > LARGEST_WINDOW) throw new Http2Error("FLOW_CONTROL_ERROR", "a window beyond 2^31-1");
  return wider;
}
