import { ratioSpread, type Turn, type Spread } from "./stats.ts";

type Figure = readonly [contender: string, figure: "p50Ms" | "p99Ms"];

/*
 * The promises about our clients' speed: in each turn the first figure is at most `limit` times the second.
 *
 * The two sides of a ratio do the same work: a client that encodes at every call is compared with our whole call (from encode to
 * decode), one that sends ready-made bytes with ours that sends ready-made bytes.
 *
 * A client's own overhead is its p50 less the p50 of the bare client (server/bare.go) in the same turn. All latencies contain the server, the
 * kernel and the loopback, perf_analyzer's too: it reads the clock before and after a whole call, and what it calls overhead is a real
 * server's own (request less queue less compute), which a server of fixed answers does not tell. That share is no client's, so it is taken
 * off both sides. Too large a share would flatter the faster side, so the bare client does the least that can be done: a blocking
 * socket, one write of bytes that lie ready, reads up to a known length. Whoever takes off only a part of it finds a ratio between this one
 * and that of whole calls, which is reported beside it.
 */
interface Goal {
  readonly title: string;
  readonly over: Figure;
  readonly under: Figure;
  readonly bare?: Figure;
  readonly limit: number;
}

const GOALS: readonly Goal[] = [
  goal("gRPC whole call, against ghz", p50("probe"), p50("ghz"), 1 / 6),
  goal("gRPC whole call, against the official Python client", p50("probe"), p50("python-official"), 1 / 4),
  goal("gRPC ready-made bytes, against grpcio with bytes", p50("probe-bytes"), p50("grpcio-bytes"), 0.6),
  goal("gRPC whole call, p99 against its own p50", p99("probe"), p50("probe"), 4),
  goal("gRPC ready-made bytes, p99 against its own p50", p99("probe-bytes"), p50("probe-bytes"), 4),
  goal("REST ready-made body, against wrk", p50("rest-body"), p50("wrk"), 1.1),
  goal("REST ready-made body, p99 against its own p50", p99("rest-body"), p50("rest-body"), 4),
  goal("REST whole call, p99 against its own p50", p99("rest"), p50("rest"), 4),
  ...kserve("gRPC", "grpc"),
  ...kserve("binary HTTP", "http"),
];

function kserve(title: string, form: string): Goal[] {
  const [own, bare] = [p50(`kserve-${form}`), p50(`bare-${form}`)];
  return [
    goal(`KServe ${title} whole call, against tritonclient`, own, p50(`tritonclient-${form}`), 0.5),
    { ...goal(`KServe ${title} own overhead, against perf_analyzer's`, own, p50(`perf_analyzer-${form}`), 0.2), bare },
  ];
}

function goal(title: string, over: Figure, under: Figure, limit: number): Goal {
  return { title, over, under, limit };
}

function p50(contender: string): Figure {
  return [contender, "p50Ms"];
}

function p99(contender: string): Figure {
  return [contender, "p99Ms"];
}

/** A goal, and what was measured. The ratio's median over the turns decides whether it is met. */
export interface Verdict {
  readonly title: string;
  readonly limit: number;
  readonly ratio: Spread;
  /** Of a goal about own overhead: the ratio of whole calls. */
  readonly wholeCalls?: Spread;
  readonly met: boolean;
}

/** Judges every goal whose contenders ran. */
export function judge(turns: Readonly<Record<string, readonly Turn[]>>): Verdict[] {
  const values = ([contender, figure]: Figure) => turns[contender]?.map((turn) => turn[figure]);
  return GOALS.flatMap(({ title, over: overFigure, under: underFigure, bare: bareFigure, limit }) => {
    const [over, under, bare] = [values(overFigure), values(underFigure), bareFigure && values(bareFigure)];
    if (over === undefined || under === undefined || (bareFigure !== undefined && bare === undefined)) return [];
    const ratio = ratioSpread(over, under, bare);
    const whole = bare === undefined ? {} : { wholeCalls: ratioSpread(over, under) };
    return [{ title, limit, ratio, ...whole, met: ratio.median <= limit }];
  });
}
