/*
 * How long bytes take over a link at least, by TCP's and HTTP/2's own rules. A sender may have so much under way as its congestion
 * window and the receiver's HTTP/2 window allow, then it waits for the first news from the other end: a round. Pure.
 */

/** Bytes of a full TCP segment over Ethernet, and of its packet: with IP's and TCP's headers and timestamps, as `Link.mbit` counts. */
export const SEGMENT_BYTES = 1448;
export const PACKET_BYTES = 1500;

/** What a new connection may have under way before the first acknowledgement: ten segments (RFC 6928). */
export const INITIAL_WINDOW_BYTES = 10 * SEGMENT_BYTES;

/** HTTP/2's window where nobody asks for another (RFC 9113, section 6.9.2). */
export const DEFAULT_H2_WINDOW_BYTES = 65_535;

/** The way between two machines, both directions alike. */
export interface Way {
  readonly rttMs: number;
  /** Megabits a second, headers of IP included; null: no limit. */
  readonly mbit: number | null;
}

/** A receiver's HTTP/2 window. */
export interface H2Window {
  /** What the sender may send before it is given leave for more. */
  readonly bytes: number;
  /**
   * What leave it is given then. `same`: as much again as was read, as each half of the window was (nghttp2, and most others).
   * `rest`: for all that is left of the message, as gRPC's C core does once it has read how long the message is.
   */
  readonly then: "same" | "rest";
}

/** What a sender may have under way. */
export interface Sender {
  /** Bytes of the congestion window at the beginning; it doubles each round. Infinity: nothing to wait for. */
  readonly congestionBytes: number;
  /** Beyond this it grew no further, as the kernel said afterwards; absent: it is not known to have stopped. */
  readonly mostCongestionBytes?: number;
  /** Absent: HTTP/1, or a window that is wide enough. */
  readonly window?: H2Window;
}

/** Where the time of one direction goes; the parts add up. */
export interface Transfer {
  /** Until the last byte is there. */
  readonly ms: number;
  /** Half a round trip: the way itself. */
  readonly wayMs: number;
  /** Bytes by bandwidth. */
  readonly bandwidthMs: number;
  /** The line was idle because the congestion window was still small. */
  readonly slowStartMs: number;
  /** The line was idle because the receiver had given no leave. */
  readonly windowMs: number;
  /** How often the line stood idle, and one: 1 where the bytes follow each other without a gap. */
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
    // The first news: of the first segment, or of what is read before leave is given for more.
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
