import { ratioSpread, type Turn, type Spread } from "./stats.ts";

type Figure = readonly [contender: string, figure: "p50Ms" | "p99Ms"];

/*
 * The promises about our clients' speed: in each turn the first figure is at most `limit` times the second.
 *
 * The two sides of a ratio do the same work: a client that encodes at every call is compared with our whole call (from encode to
 * decode), one that sends ready-made bytes with ours that sends ready-made bytes.
 */
const GOALS: readonly (readonly [title: string, over: Figure, under: Figure, limit: number])[] = [
  ["gRPC whole call, against ghz", p50("probe"), p50("ghz"), 1 / 6],
  ["gRPC whole call, against the official Python client", p50("probe"), p50("python-official"), 1 / 4],
  ["gRPC ready-made bytes, against grpcio with bytes", p50("probe-bytes"), p50("grpcio-bytes"), 0.6],
  ["gRPC whole call, p99 against its own p50", p99("probe"), p50("probe"), 4],
  ["gRPC ready-made bytes, p99 against its own p50", p99("probe-bytes"), p50("probe-bytes"), 4],
  ["REST ready-made body, against wrk", p50("rest-body"), p50("wrk"), 1.1],
  ["REST ready-made body, p99 against its own p50", p99("rest-body"), p50("rest-body"), 4],
  ["REST whole call, p99 against its own p50", p99("rest"), p50("rest"), 4],
  ["KServe gRPC whole call, against tritonclient", p50("kserve-grpc"), p50("tritonclient-grpc"), 0.5],
  ["KServe gRPC whole call, against perf_analyzer's own overhead", p50("kserve-grpc"), p50("perf_analyzer-grpc"), 0.2],
  ["KServe binary HTTP whole call, against tritonclient", p50("kserve-http"), p50("tritonclient-http"), 0.5],
  [
    "KServe binary HTTP whole call, against perf_analyzer's own overhead",
    p50("kserve-http"),
    p50("perf_analyzer-http"),
    0.2,
  ],
];

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
  readonly met: boolean;
}

/** Judges every goal whose contenders ran. */
export function judge(turns: Readonly<Record<string, readonly Turn[]>>): Verdict[] {
  const values = ([contender, figure]: Figure) => turns[contender]?.map((turn) => turn[figure]);
  return GOALS.flatMap(([title, overFigure, underFigure, limit]) => {
    const [over, under] = [values(overFigure), values(underFigure)];
    if (over === undefined || under === undefined) return [];
    const ratio = ratioSpread(over, under);
    return [{ title, limit, ratio, met: ratio.median <= limit }];
  });
}
