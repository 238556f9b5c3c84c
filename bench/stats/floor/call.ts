import { INITIAL_WINDOW_BYTES, type H2Window, type Sender, type Transfer, type Way, transfer } from "./transfer.ts";

/** How floors are computed, for the page of methods. */
export const FLOOR_RULES: readonly string[] = [
  "The floor of a call is the sum of its service, one round trip, the bytes of request and answer (with packets' headers) divided by the bandwidth, and the time in which " +
    "the line must stand idle. A sender may have no more bytes under way than its congestion window and the receiver's HTTP/2 window allow; then it waits to hear from the other end. " +
    "The congestion window is ten segments on a new or idle connection, and doubles each round trip (RFC 6928, RFC 2861). An HTTP/2 window may stay as small as 64 KiB.",
  "Service is the time of the same call without a link: of the same client machine over a link that adds nothing, otherwise of the server's own machine. The time in which the call hands bytes to the kernel while the line is busy is taken off. " +
    "The bench measured round trip and bandwidth over the link, before and after the visits. The client's kernel told the state of the connection and its congestion window before each call. The client saw how much the server's HTTP/2 window let through; its own is as its kind asks for.",
  "The round trip and bandwidth of a remote cell without a link are not measured. Its floor is the time on the server's own machine plus the shortest round trip that the client's kernel saw on the connection (tcp_info), and what the client's HTTP/2 window costs. Which limit bound it is not told.",
  "Bound by: the floor is computed again without each limit (with a congestion window that grows no further than it did). The call is bound by the limit without which its floor falls the most. If segments were sent again, the time beyond the floor counts as loss; " +
    "otherwise it counts as the machines' (CPU). Of simulated calls with one planted limit, 95 of 100 or more are named right (`npm run bench:distance`).",
  "Where to serve: the same floor for any round trip and bandwidth, with the measured times of calls without a link, the client's HTTP/2 window, and the server's where calls over links showed it. This is a model. Losses, other traffic, and other work of the machines are not in it.",
];

/** The state of a call's connection when the call began (`CallTcp.connection`). */
export type ConnectionState = "cold" | "idle" | "warm";

/**
 * The congestion window of a connection on which nothing was sent for a while: halved for each RTO, but not below the window of a new
 * connection (RFC 2861, as Linux does it). Pure.
 */
export function afterIdle(congestionBytes: number, idleMs: number, rtoMs: number): number {
  const halved = congestionBytes / 2 ** Math.max(0, Math.ceil(idleMs / rtoMs) - 1);
  return Math.min(congestionBytes, Math.max(INITIAL_WINDOW_BYTES, halved));
}

/** A call, apart from its link. */
export interface CallShape {
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** The time of the call without a link: encoding, the server, decoding. */
  readonly serviceMs: number;
  /** The part of it in which the request's bytes are handed to the kernel, which goes on while the line is busy. Absent: not known, taken as 0. */
  readonly sendMs?: number;
}

/** The HTTP/2 windows of a call; absent: HTTP/1, not known, or wide enough. */
export interface Windows {
  /** The server's, for the request. */
  readonly requestWindow?: H2Window | undefined;
  /** The client's, for the answer. */
  readonly answerWindow?: H2Window | undefined;
}

/** The link and the connection of a call. */
export interface CallConditions extends Way, Windows {
  readonly connection: ConnectionState;
  /** The client's congestion window when the call began. Absent: it follows from `connection`. */
  readonly congestionBytes?: number | undefined;
  /** The client's congestion window after a call that was made. Absent: not known, or segments were lost. */
  readonly grownBytes?: number | undefined;
}

/** The limits that can bind a call. */
export const LIMITS = ["service", "bandwidth", "rtt", "slowStart", "window", "loss"] as const;
export type Limit = (typeof LIMITS)[number];

/** The limits' names for readers. */
export const LIMIT_TITLES: Readonly<Record<Limit, string>> = {
  service: "CPU",
  bandwidth: "bandwidth",
  rtt: "round trip",
  slowStart: "slow start",
  window: "HTTP/2 window",
  loss: "loss",
};

/** The least time of a call, milliseconds, and its parts, which add up. */
export interface Floor {
  readonly ms: number;
  readonly serviceMs: number;
  readonly bandwidthMs: number;
  /** One round trip. */
  readonly rttMs: number;
  readonly slowStartMs: number;
  readonly windowMs: number;
  /** In how many bursts the request is sent: 1, and one for each wait of the sender. */
  readonly rounds: number;
}

/** The floor of a call: under these conditions no call takes less. Pure. */
export function floorOf(call: CallShape, conditions: CallConditions): Floor {
  const own = (window: H2Window | undefined) => (window === undefined ? {} : { window });
  const slow = conditions.connection === "warm" ? Infinity : INITIAL_WINDOW_BYTES;
  const up: Sender = {
    congestionBytes: conditions.congestionBytes ?? slow,
    ...(conditions.grownBytes !== undefined && { mostCongestionBytes: conditions.grownBytes }),
    ...own(conditions.requestWindow),
  };
  // The server's own congestion window is not known; it follows from the state of the connection.
  const down: Sender = { congestionBytes: slow, ...own(conditions.answerWindow) };
  const ways = [transfer(call.requestBytes, conditions, up), transfer(call.responseBytes, conditions, down)] as const;
  const sum = (part: (t: Transfer) => number) => part(ways[0]) + part(ways[1]);
  const [{ ms: upMs, wayMs }] = ways;
  const serviceMs = call.serviceMs - Math.min(call.sendMs ?? 0, upMs - wayMs);
  return {
    ms: serviceMs + sum((t) => t.ms),
    serviceMs,
    bandwidthMs: sum((t) => t.bandwidthMs),
    rttMs: sum((t) => t.wayMs),
    slowStartMs: sum((t) => t.slowStartMs),
    windowMs: sum((t) => t.windowMs),
    rounds: ways[0].rounds,
  };
}

/** How much a call's floor falls if one limit is taken away and all others stay, milliseconds. Pure. */
export function savings(call: CallShape, conditions: CallConditions): Readonly<Record<Exclude<Limit, "loss">, number>> {
  const { ms, rttMs, serviceMs } = floorOf(call, conditions);
  const without = (change: Partial<CallConditions>) => ms - floorOf(call, { ...conditions, ...change }).ms;
  return {
    service: serviceMs,
    bandwidth: without({ mbit: null }),
    // One round trip. Further ones belong to slow start and the HTTP/2 window.
    rtt: rttMs,
    slowStart: without({ connection: "warm", congestionBytes: Infinity, grownBytes: undefined }),
    window: without({ requestWindow: undefined, answerWindow: undefined }),
  };
}

/** The limit that bound a call, and the next one. */
export interface Bound {
  readonly limit: Limit;
  /** How much less time the call would have taken without it, milliseconds. */
  readonly ms: number;
  /** The limit with the second largest share. */
  readonly next: Limit;
  readonly nextMs: number;
}

/**
 * Which limit bound a call: the one without which it would have been shorter by the most. If segments were sent again, the time beyond the
 * floor counts as loss; otherwise it counts as the machines' (`service`), because no other limit is left. Pure.
 *
 * @param measuredMs how long the call took
 * @param retransmits how many segments were sent again in it; 0 if not counted
 */
export function boundBy(measuredMs: number, retransmits: number, call: CallShape, conditions: CallConditions): Bound {
  const lost = retransmits > 0;
  // A loss also makes the congestion window small, which counts as loss and not as slow start.
  const known = lost ? { ...conditions, grownBytes: undefined } : conditions;
  const own = savings(call, known);
  const beyond = Math.max(0, measuredMs - floorOf(call, known).ms);
  const all = { ...own, service: own.service + (lost ? 0 : beyond), loss: lost ? beyond : 0 };
  const [first, second] = LIMITS.toSorted((a, b) => all[b] - all[a]) as [Limit, Limit];
  return { limit: first, ms: all[first], next: second, nextMs: all[second] };
}
