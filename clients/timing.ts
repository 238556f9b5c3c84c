import type { Timing } from "./client.ts";

/** Points of a call on the clock of `performance.now`, in milliseconds; null where a client cannot see one. */
export interface Marks {
  readonly startAt: number;
  readonly encodedAt: number | null;
  /** The kernel has taken the request's last byte. */
  readonly sentAt: number | null;
  readonly firstByteAt: number | null;
  readonly lastByteAt: number | null;
  readonly endAt: number;
}

/**
 * The phases between marks. A part is null where either of its ends is unseen. A server may answer before it has read
 * everything; sending then ends with the first byte of the answer and there was no wait.
 */
export function timingOf(marks: Marks): Timing {
  const { startAt, encodedAt, firstByteAt, lastByteAt, endAt } = marks;
  const sentAt = marks.sentAt !== null && firstByteAt !== null ? Math.min(marks.sentAt, firstByteAt) : marks.sentAt;
  return {
    encodeMs: between(startAt, encodedAt),
    sendMs: between(encodedAt, sentAt),
    waitMs: between(sentAt, firstByteAt),
    receiveMs: between(firstByteAt, lastByteAt),
    decodeMs: between(lastByteAt, endAt),
    totalMs: endAt - startAt,
  };
}

function between(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : to - from;
}
