import { INITIAL_WINDOW_BYTES, type H2Window, type Sender, type Transfer, type Way, transfer } from "./transfer.ts";

/** How floors are made, for the page of methods. */
export const FLOOR_RULES: readonly string[] = [
  "The floor of a call is its service, one round trip, the bytes of request and answer by the bandwidth (packets' headers included), and the time in which " +
    "the line must stand idle. A sender may have no more under way than its congestion window, which is ten segments on a new or idle connection and doubles each round " +
    "(RFC 6928, RFC 2861), and than the receiver's HTTP/2 window, which may stay as small as 64 KiB; then it waits for news from the other end.",
  "Service is the same call without a link, less the time in which it hands bytes to the kernel while the line is busy anyway: of the same client machine over a link that adds nothing, else of the server's own machine. Round trip and bandwidth are those that the bench " +
    "measured over the link, before and after the visits. The state of the connection and its congestion window are what the client's kernel said before each call, the HTTP/2 window what the client felt.",
  "Of a remote cell without a link, way and bandwidth are not measured. Its floor is the time on the server's own machine and the shortest round trip that the client's kernel saw on the connection (tcp_info), and what bound it is not told.",
  "Bound by: the call's floor, with the congestion window growing no further than it did, is computed once without each limit, and the limit is named without which it falls the most. What a call with retransmissions took beyond its floor counts as the loss's doing; " +
    "without retransmissions it counts as the machines' (CPU). Of simulated calls with one limit planted, 95 of 100 and more are named right (`npm run bench:distance`).",
  "Where to serve: the same floor for any round trip and bandwidth, with the measured times of calls without a link. It is a model: what two machines have to do at once, losses, and other traffic are not in it.",
];

/** What a call's connection was when the call began (`CallTcp.connection`). */
export type ConnectionState = "cold" | "idle" | "warm";

/**
 * The congestion window of a connection on which nothing was sent for a while: halved for each RTO, to that of a new connection at
 * least (RFC 2861, as Linux does it). Pure.
 */
export function afterIdle(congestionBytes: number, idleMs: number, rtoMs: number): number {
  const halved = congestionBytes / 2 ** Math.max(0, Math.ceil(idleMs / rtoMs) - 1);
  return Math.min(congestionBytes, Math.max(INITIAL_WINDOW_BYTES, halved));
}

/** What a call asks of a link. */
export interface CallShape {
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** What the call takes where there is no link: encoding, the server, decoding. */
  readonly serviceMs: number;
  /** How much of that hands the request's bytes to the kernel: it goes on while the line is busy. Absent: not known, so none. */
  readonly sendMs?: number;
}

/** Under what a call is made. */
export interface CallConditions extends Way {
  readonly connection: ConnectionState;
  /** The client's congestion window at the call's begin, where it is known; else by `connection`. */
  readonly congestionBytes?: number | undefined;
  /** The client's congestion window after the call: it grew no further in it. Only for what has been; unknown where segments were lost. */
  readonly grownBytes?: number | undefined;
  /** The server's HTTP/2 window for the request, and the client's for the answer; absent: HTTP/1, or wide enough. */
  readonly requestWindow?: H2Window | undefined;
  readonly answerWindow?: H2Window | undefined;
}

/** What a call can be bound by. */
export const LIMITS = ["service", "bandwidth", "rtt", "slowStart", "window", "loss"] as const;
export type Limit = (typeof LIMITS)[number];

/** What readers call a limit. */
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
  /** Rounds of the request. */
  readonly rounds: number;
}

/** The floor of a call: no call over this link takes less, as far as its conditions are known. Pure. */
export function floorOf(call: CallShape, conditions: CallConditions): Floor {
  const own = (window: H2Window | undefined) => (window === undefined ? {} : { window });
  const slow = conditions.connection === "warm" ? Infinity : INITIAL_WINDOW_BYTES;
  const up: Sender = {
    congestionBytes: conditions.congestionBytes ?? slow,
    ...(conditions.grownBytes !== undefined && { mostCongestionBytes: conditions.grownBytes }),
    ...own(conditions.requestWindow),
  };
  // What a server sends is confirmed with the next request at the latest: its connection is never the busier one.
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

/** By how much a call's floor falls if one limit is taken away and all others stay. Pure. */
export function savings(call: CallShape, conditions: CallConditions): Readonly<Record<Exclude<Limit, "loss">, number>> {
  const { ms, rttMs, serviceMs } = floorOf(call, conditions);
  const without = (change: Partial<CallConditions>) => ms - floorOf(call, { ...conditions, ...change }).ms;
  return {
    service: serviceMs,
    bandwidth: without({ mbit: null }),
    // The way itself. Rounds more than one are slow start's and the window's doing.
    rtt: rttMs,
    slowStart: without({ connection: "warm", congestionBytes: Infinity, grownBytes: undefined }),
    window: without({ requestWindow: undefined, answerWindow: undefined }),
  };
}

/** What bound a call, and how sure that is. */
export interface Bound {
  readonly limit: Limit;
  /** How much longer the call took for it, milliseconds: without it, it would have taken so much less. */
  readonly ms: number;
  /** The limit that took the next most. */
  readonly next: Limit;
  readonly nextMs: number;
}

/**
 * Which limit bound a call: the one without which it would have been shorter by the most. What a call with retransmissions took beyond
 * its floor is the loss's doing; without retransmissions it is put down to the machines (`service`), which alone are left. Pure.
 *
 * @param measuredMs how long the call took
 * @param retransmits segments that were sent again in it; 0 where nobody counted
 */
export function boundBy(measuredMs: number, retransmits: number, call: CallShape, conditions: CallConditions): Bound {
  const lost = retransmits > 0;
  // A loss makes the window small, too: that is the loss's doing.
  const known = lost ? { ...conditions, grownBytes: undefined } : conditions;
  const own = savings(call, known);
  const beyond = Math.max(0, measuredMs - floorOf(call, known).ms);
  const all = { ...own, service: own.service + (lost ? 0 : beyond), loss: lost ? beyond : 0 };
  const [first, second] = LIMITS.toSorted((a, b) => all[b] - all[a]) as [Limit, Limit];
  return { limit: first, ms: all[first], next: second, nextMs: all[second] };
}
