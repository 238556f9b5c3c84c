import { Http2Error } from "./errors.ts";
import { DEFAULT_MAX_FRAME, DEFAULT_WINDOW, LARGEST_WINDOW, Setting } from "./frames.ts";

/** What the peer's SETTINGS allow us. */
export interface PeerSettings {
  readonly maxFrame: number;
  /** Bytes a new stream may send before a window update. */
  readonly initialWindow: number;
  readonly maxStreams: number;
}

export const defaultPeer: PeerSettings = {
  maxFrame: DEFAULT_MAX_FRAME,
  initialWindow: DEFAULT_WINDOW,
  maxStreams: Number.POSITIVE_INFINITY,
};

/** The settings after a SETTINGS frame's payload. Throws Http2Error where it breaks the rules. */
export function withSettings(before: PeerSettings, payload: Buffer): PeerSettings {
  if (payload.length % 6 !== 0) throw new Http2Error("FRAME_SIZE_ERROR", "SETTINGS of a broken length");
  let peer = before;
  for (let at = 0; at < payload.length; at += 6) {
    const value = payload.readUInt32BE(at + 2);
    switch (payload.readUInt16BE(at)) {
      case Setting.maxConcurrentStreams:
        peer = { ...peer, maxStreams: value };
        break;
      case Setting.initialWindowSize:
        if (value > LARGEST_WINDOW) throw new Http2Error("FLOW_CONTROL_ERROR", `an initial window of ${value}`);
        peer = { ...peer, initialWindow: value };
        break;
      case Setting.maxFrameSize:
        if (value < DEFAULT_MAX_FRAME || value >= 2 ** 24) throw new Http2Error("PROTOCOL_ERROR", `frames of ${value}`);
        peer = { ...peer, maxFrame: value };
        break;
      default:
        // Header table and list sizes do not touch us (no table, short lists); unknown ones are to be ignored.
        break;
    }
  }
  return peer;
}
