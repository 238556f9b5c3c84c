/*
 * The least time that bytes take over a link, by the rules of TCP and HTTP/2. A sender may have as many bytes under way as its congestion
 * window and the receiver's HTTP/2 window allow: a burst. Then it waits until it hears from the other end. Pure.
 */

/** Bytes of a full TCP segment over Ethernet, and of its packet: with IP's and TCP's headers and timestamps, as `Link.mbit` counts. */
export const SEGMENT_BYTES = 1448;
export const PACKET_BYTES = 1500;

/** Bytes that a new connection may have under way before the first acknowledgement: ten segments (RFC 6928). */
export const INITIAL_WINDOW_BYTES = 10 * SEGMENT_BYTES;

/** HTTP/2's default window (RFC 9113, section 6.9.2). */
export const DEFAULT_H2_WINDOW_BYTES = 65_535;

/** The network between two machines, both directions alike. */
export interface Way {
  readonly rttMs: number;
  /** Megabits a second, headers of IP included; null: no limit. */
  readonly mbit: number | null;
}

/** A receiver's HTTP/2 window. */
export interface H2Window {
  /** Bytes that the sender may send before the receiver allows more. */
  readonly bytes: number;
  /**
   * What the receiver allows then. `same`: whenever it has read half of the window, as much again (nghttp2, and most others). `rest`: all the
   * rest of the message (gRPC's C core, once it has read how long the message is).
   */
  readonly then: "same" | "rest";
}

/** How many bytes a sender may have under way. */
export interface Sender {
  /** Bytes of the congestion window at the beginning; it doubles after each burst. Infinity: it never limits. */
  readonly congestionBytes: number;
  /** The congestion window grows no further than this, as the kernel said after the call. Absent: not known. */
  readonly mostCongestionBytes?: number;
  /** Absent: HTTP/1, or a window that is wide enough. */
  readonly window?: H2Window;
}

/** Where the time of one direction goes; the parts add up. */
export interface Transfer {
  /** Until the last byte arrives. */
  readonly ms: number;
  /** Half a round trip. */
  readonly wayMs: number;
  /** Bytes divided by bandwidth. */
  readonly bandwidthMs: number;
  /** The line was idle because the congestion window was still small. */
  readonly slowStartMs: number;
  /** The line was idle because the receiver did not allow more. */
  readonly windowMs: number;
  /** Bursts: 1, and one for each time the line stood idle. */
  readonly rounds: number;
}

/** The least time of `bytes` in one direction. Pure. */
export function transfer(bytes: number, { rttMs, mbit }: Way, sender: Sender): Transfer {
  const { congestionBytes, window, mostCongestionBytes = Infinity } = sender;
  const bytesAMs = mbit === null ? Infinity : (mbit * 1e6) / 8 / 1000 / (PACKET_BYTES / SEGMENT_BYTES);
  const stalls = { slowStartMs: 0, windowMs: 0 };
  let [left, congestion, leave, rounds] = [bytes, congestionBytes, window?.bytes ?? Infinity, 1];
  for (;;) {
    const allowed = Math.min(congestion, leave);
    if (left <= allowed) break;
    // The other end answers to the first segment, or once it has read what it must read before it allows more.
    const news = leave < congestion ? Math.min(leave, (window?.bytes ?? 0) / 2) : SEGMENT_BYTES;
    const idleMs = Math.max(0, rttMs + (news - allowed) / bytesAMs);
    stalls[leave < congestion ? "windowMs" : "slowStartMs"] += idleMs;
    if (idleMs > 0) rounds += 1;
    left -= allowed;
    congestion = Math.max(congestion, Math.min(2 * congestion, mostCongestionBytes));
    if (window?.then === "rest") leave = Infinity;
  }
  const [wayMs, bandwidthMs] = [rttMs / 2, bytes / bytesAMs];
  return { ms: wayMs + bandwidthMs + stalls.slowStartMs + stalls.windowMs, wayMs, bandwidthMs, ...stalls, rounds };
}
