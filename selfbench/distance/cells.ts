import {
  type Bound,
  type CallConditions,
  type CallShape,
  type ConnectionState,
  type Limit,
  afterIdle,
  boundBy,
  floorOf,
} from "../../bench/stats/floor/call.ts";
import { DEFAULT_H2_WINDOW_BYTES, SEGMENT_BYTES } from "../../bench/stats/floor/transfer.ts";
import { median } from "../../bench/stats/math/quantile.ts";
import type { Shape } from "../../lab/network/program.ts";
import type { MadeCall } from "./talk.ts";

/** The server's ports: gRPC with wide windows and with HTTP/2's own, REST that answers at once and after a while. */
export const PORTS = ["grpc", "grpc-64k", "rest", "rest-slow"] as const;
export type Port = (typeof PORTS)[number];

/** One cell of the benchmark. */
export interface DistanceCell {
  readonly rttMs: number;
  readonly mbit: number;
  readonly loss: number;
  readonly port: Port;
  readonly state: ConnectionState;
  /** The limit that binds its calls by far; absent: more than one may. */
  readonly planted?: Limit;
}

export const RTTS = [0, 1, 5, 20, 80, 150] as const;
export const MBITS = [10, 100, 1000] as const;
export const STATES = ["cold", "idle", "warm"] as const satisfies readonly ConnectionState[];

/** The cells by which the median error is judged: all combinations, ordered by links. */
export const GRID: readonly DistanceCell[] = RTTS.flatMap((rttMs) =>
  MBITS.flatMap((mbit) =>
    (["grpc", "rest"] as const).flatMap((port) => STATES.map((state) => ({ rttMs, mbit, loss: 0, port, state }))),
  ),
);

/** Cells with a planted limit, which binds by far. */
export const PLANTED: readonly DistanceCell[] = [
  ...plant("bandwidth", { port: "grpc", state: "warm" }, [0, 10], [1, 10], [5, 10], [20, 10], [0, 20]),
  ...plant("bandwidth", { port: "rest", state: "warm" }, [0, 10], [1, 10], [5, 20], [20, 10], [20, 20]),
  ...plant("rtt", { port: "grpc", state: "warm" }, [80, 1000], [150, 1000], [100, 1000], [200, 1000]),
  ...plant("slowStart", { port: "grpc", state: "cold" }, [80, 1000], [150, 1000], [40, 1000], [100, 500]),
  ...plant("slowStart", { port: "grpc", state: "idle" }, [80, 1000], [150, 1000]),
  ...plant("window", { port: "grpc-64k", state: "warm" }, [20, 1000], [80, 1000], [150, 1000], [40, 500], [80, 100]),
  ...plant("service", { port: "rest-slow", state: "warm" }, [0, 1000], [1, 1000], [5, 1000], [20, 1000], [1, 500]),
  ...plant("loss", { port: "grpc", state: "warm", loss: 0.02 }, [20, 1000], [40, 1000], [20, 500]),
];

function plant(
  planted: Limit,
  of: Pick<DistanceCell, "port" | "state"> & { readonly loss?: number },
  ...ways: readonly (readonly [rttMs: number, mbit: number])[]
): DistanceCell[] {
  return ways.map(([rttMs, mbit]) => ({ loss: 0, ...of, rttMs, mbit, planted }));
}

/** The link of a cell as the lab's program lays it. */
export const shapeOf = ({ rttMs, mbit, loss }: DistanceCell): Shape => ({ delayMs: rttMs / 2, mbit, loss, seed: 1 });

/** The times of a port's calls without a link. */
export type Service = Required<Pick<CallShape, "serviceMs" | "sendMs">>;

/** A measured cell and its floor (`predictedMs`). */
export interface Measured extends DistanceCell {
  readonly ms: number;
  readonly predictedMs: number;
  readonly ratio: number;
  readonly bound: Bound;
}

/**
 * Compares a cell's calls with their floor. The floor is computed from the link as it was laid, the state of the connection, its congestion
 * window, and the time of the same call without a link. Pure.
 */
export function judged(cell: DistanceCell, calls: readonly MadeCall[], service: Service, idleMs: number): Measured {
  const { rttMs, mbit, state, port } = cell;
  const of = (value: (c: MadeCall) => number) => median(calls.map(value));
  const call = { requestBytes: of((c) => c.requestBytes), responseBytes: of((c) => c.responseBytes), ...service };
  const [found, rtoMs] = [of((c) => c.cwnd) * SEGMENT_BYTES, of((c) => c.rtoMs)];
  const congestion = state === "idle" ? afterIdle(found, idleMs, rtoMs) : found;
  const conditions: CallConditions = {
    ...{ rttMs, mbit, connection: state, congestionBytes: congestion },
    ...(port === "grpc-64k" && { requestWindow: { bytes: DEFAULT_H2_WINDOW_BYTES, then: "same" } }),
  };
  const ms = of((c) => c.ms);
  const predictedMs = floorOf(call, conditions).ms;
  const bound = boundBy(
    ms,
    of((c) => c.retransmits),
    call,
    { ...conditions, grownBytes: of((c) => c.cwndAfter) * SEGMENT_BYTES },
  );
  return { ...cell, ms, predictedMs, ratio: ms / predictedMs, bound };
}

/** The error of floors in some cells: the median, and the share of cells within 10 %. Pure. */
export function errorsOf(cells: readonly Measured[]): { readonly median: number; readonly within10: number } {
  const off = cells.map((c) => Math.abs(c.predictedMs / c.ms - 1));
  return { median: median(off), within10: off.filter((share) => share <= 0.1).length / off.length };
}
