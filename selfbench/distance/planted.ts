import {
  LIMITS,
  type CallConditions,
  type CallShape,
  type ConnectionState,
  type Limit,
  boundBy,
} from "../../bench/stats/floor/call.ts";
import { DEFAULT_H2_WINDOW_BYTES, INITIAL_WINDOW_BYTES, type H2Window } from "../../bench/stats/floor/transfer.ts";
import { random, type Random } from "../../bench/stats/math/random.ts";
import { simulate } from "./simulate.ts";

/*
 * Simulated calls with one planted limit. Each is drawn at random and simulated segment by segment (simulate.ts), once as it is and once
 * without each limit. The true limit is the one without which the simulated call is shortest. Lathe gets what it would measure, with
 * errors of measurement.
 */

/** How many times as much time as the next limit the true one must take: if two take the same, neither binds alone. */
const MARGIN = 1.25;

/** Errors of measurement, standard deviations of logarithms: of the round trip, the bandwidth, and the time without a link. */
const ERRORS = { rtt: 0.02, mbit: 0.02, service: 0.05 };

interface Drawn {
  readonly call: CallShape;
  readonly conditions: CallConditions & { readonly mbit: number };
  readonly loss: number;
}

/** How often a limit was named right. */
export interface Named {
  readonly limit: Limit;
  readonly cases: number;
  readonly right: number;
}

/** Draws calls until each limit binds `cases` of them, and counts how often Lathe names it. The same seed gives the same counts. */
export function namedRight(cases: number, seed: number): Named[] {
  const stream = random(seed);
  const counts = new Map<Limit, { cases: number; right: number }>(LIMITS.map((l) => [l, { cases: 0, right: 0 }]));
  const wanting = () => LIMITS.find((l) => (counts.get(l)?.cases ?? 0) < cases);
  for (let wanted = wanting(), drawn = 0; wanted !== undefined; wanted = wanting(), drawn++) {
    if (drawn > 1000 * cases) throw new Error(`no calls that are bound by ${wanted} can be drawn`);
    const one = draw(stream, wanted);
    const noise = stream.bits();
    const [ms, retransmits] = taken(one, noise);
    const truth = truthOf(one, noise, ms);
    const count = truth === undefined ? undefined : counts.get(truth);
    if (truth === undefined || count === undefined || count.cases === cases) continue;
    count.cases += 1;
    if (boundBy(ms, retransmits, ...measured(one, stream)).limit === truth) count.right += 1;
  }
  return LIMITS.map((limit) => ({ limit, cases: 0, right: 0, ...counts.get(limit) }));
}

/** Draws a call that the wanted limit often binds. Another limit may bind it all the same. */
function draw(stream: Random, wanted: Limit): Drawn {
  const between = (low: number, high: number) => low * (high / low) ** stream.uniform();
  const of = <T>(...all: T[]) => all[stream.below(all.length)] as T;
  const small: H2Window = { bytes: DEFAULT_H2_WINDOW_BYTES, then: "same" };
  const requestWindow = wanted === "window" ? small : of(undefined, undefined, { ...small, then: "rest" as const });
  const connection: ConnectionState = wanted === "slowStart" ? of("cold", "idle") : of("cold", "idle", "warm");
  return {
    call: {
      requestBytes: Math.round(wanted === "rtt" ? between(2_000, 400_000) : between(100_000, 4_000_000)),
      responseBytes: Math.round(between(1_000, 20_000)),
      serviceMs: wanted === "service" ? between(20, 3000) : between(1, 60),
    },
    conditions: {
      rttMs: wanted === "bandwidth" || wanted === "service" ? between(0.2, 60) : between(5, 200),
      mbit: wanted === "bandwidth" ? between(3, 100) : between(30, 1000),
      connection: wanted === "rtt" || wanted === "loss" ? "warm" : connection,
      requestWindow,
    },
    loss: wanted === "loss" ? between(0.002, 0.05) : of(0, 0, 0, between(0.0002, 0.005)),
  };
}

/** How long a drawn call takes, and how many segments are sent again. */
function taken({ call, conditions, loss }: Drawn, noise: number): readonly [ms: number, retransmits: number] {
  const congestionBytes = conditions.connection === "warm" ? Infinity : INITIAL_WINDOW_BYTES;
  const { requestWindow: window } = conditions;
  const sender = { congestionBytes, ...(window && { window }) };
  const up = simulate(call.requestBytes, conditions, sender, loss, random(noise));
  const down = simulate(call.responseBytes, conditions, { congestionBytes }, loss, random(noise + 1));
  return [call.serviceMs + up.ms + down.ms, up.retransmits + down.retransmits];
}

function truthOf(drawn: Drawn, noise: number, ms: number): Limit | undefined {
  const { call, conditions } = drawn;
  const without = (change: Partial<Drawn>) => ms - taken({ ...drawn, ...change }, noise)[0];
  const saved: Record<Limit, number> = {
    service: call.serviceMs,
    bandwidth: without({ conditions: { ...conditions, mbit: 1e9 } }),
    rtt: conditions.rttMs,
    slowStart: without({ conditions: { ...conditions, connection: "warm" } }),
    window: without({ conditions: { ...conditions, requestWindow: undefined } }),
    loss: without({ loss: 0 }),
  };
  const [first, second] = LIMITS.toSorted((a, b) => saved[b] - saved[a]) as [Limit, Limit];
  return saved[first] > MARGIN * saved[second] ? first : undefined;
}

function measured({ call, conditions }: Drawn, stream: Random): [CallShape, CallConditions] {
  const wrong = (value: number, error: number) => value * Math.exp(error * stream.normal());
  const { rttMs, mbit } = conditions;
  return [
    { ...call, serviceMs: wrong(call.serviceMs, ERRORS.service) },
    { ...conditions, rttMs: wrong(rttMs, ERRORS.rtt), mbit: wrong(mbit, ERRORS.mbit) },
  ];
}
