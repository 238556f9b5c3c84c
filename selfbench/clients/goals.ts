import { ratioSpread, type Turn, type Spread } from "./stats.ts";

/** A promise about our clients' speed: `over`'s figure is at most `limit` times `under`'s, in turns side by side. */
export interface Goal {
  readonly title: string;
  readonly over: Figure;
  readonly under: Figure;
  readonly limit: number;
}

interface Figure {
  readonly contender: string;
  readonly figure: "p50Ms" | "p99Ms";
}

/*
 * The two sides of a ratio do the same work: a yardstick that encodes at every call is held against our whole call
 * (encode to decoded), one that sends ready-made bytes against ours with ready-made bytes.
 */
export const goals: readonly Goal[] = [
  p50("gRPC whole call, against ghz", "probe", "ghz", 1 / 6),
  p50("gRPC whole call, against the official Python client", "probe", "python-official", 1 / 4),
  p50("gRPC ready-made bytes, against grpcio with bytes", "probe-bytes", "grpcio-bytes", 0.6),
  tail("gRPC whole call, p99 against its own p50", "probe"),
  tail("gRPC ready-made bytes, p99 against its own p50", "probe-bytes"),
  p50("REST ready-made body, against wrk", "rest-body", "wrk", 1.1),
  tail("REST ready-made body, p99 against its own p50", "rest-body"),
  tail("REST whole call, p99 against its own p50", "rest"),
];

function p50(title: string, ours: string, yardstick: string, limit: number): Goal {
  return { title, over: { contender: ours, figure: "p50Ms" }, under: { contender: yardstick, figure: "p50Ms" }, limit };
}

function tail(title: string, ours: string): Goal {
  return { title, over: { contender: ours, figure: "p99Ms" }, under: { contender: ours, figure: "p50Ms" }, limit: 4 };
}

/** A goal with what was measured: the ratio's median over the turns decides. */
export interface Verdict {
  readonly title: string;
  readonly limit: number;
  readonly ratio: Spread;
  readonly met: boolean;
}

/** Judges every goal whose contenders ran. */
export function judge(turns: Readonly<Record<string, readonly Turn[]>>): Verdict[] {
  return goals.flatMap((goal) => {
    const over = turns[goal.over.contender];
    const under = turns[goal.under.contender];
    if (over === undefined || under === undefined) return [];
    const ratio = ratioSpread(
      over.map((r) => r[goal.over.figure]),
      under.map((r) => r[goal.under.figure]),
    );
    return [{ title: goal.title, limit: goal.limit, ratio, met: ratio.median <= goal.limit }];
  });
}
