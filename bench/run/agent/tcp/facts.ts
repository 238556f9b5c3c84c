import { z } from "zod";

const amount = z.number().nonnegative();
const count = amount.int();

/**
 * What the client machine's kernel says of a call's connection. It is read before and after the call, never during it. Absent if calls
 * overlap, or if the kernel does not say it.
 */
export const CallTcp = z.object({
  /**
   * The connection's state when the call began. `cold`: no call was made on it before. `idle`: nothing was sent on it for longer than its RTO,
   * so slow start begins anew (RFC 2861). `warm`: otherwise.
   */
  connection: z.enum(["cold", "idle", "warm"]),
  /** How the client's kernel controls congestion: `cubic`, `bbr`. */
  congestion: z.string().max(40),
  /** Bytes of a full segment. */
  mss: count.optional(),
  /** The congestion window in segments, before the call and after it. */
  cwndBefore: count.optional(),
  cwnd: count,
  /** Segments that were sent again during the call. */
  retransmits: count,
  /** Bytes of the request (headers, TLS included) that the server's kernel has confirmed during the call. */
  deliveredBytes: count,
  /** Bytes that arrived during the call. */
  receivedBytes: count,
  /** The kernel's own estimates after the call: of a round trip, smoothed; the shortest; when it sends again. */
  rttMs: amount,
  minRttMs: amount.optional(),
  rtoMs: amount.optional(),
  /** How long the server's window held the request back during the call, and how long this machine's send buffer did. */
  windowLimitedMs: amount.optional(),
  bufferLimitedMs: amount.optional(),
});
export type CallTcp = z.infer<typeof CallTcp>;
