import { type Cell, isPlain } from "../../matrix/cell.ts";
import { addsNothing } from "../../matrix/link.ts";
import { once } from "../math/memo.ts";
import { median } from "../math/quantile.ts";
import type { Study } from "../study.ts";
import { medianMsOf } from "../summary.ts";
import {
  type Bound,
  type CallConditions,
  type CallShape,
  type Floor,
  LIMITS,
  type Limit,
  type Windows,
  afterIdle,
  boundBy,
  floorOf,
} from "./call.ts";
import type { CallFacts } from "./facts.ts";

/** A remote cell and its floor. */
export interface CellFloor {
  readonly cell: Cell;
  readonly measuredMs: number;
  readonly floor: Floor;
  /** Measured over floor. */
  readonly ratio: number;
  readonly bound: Bound;
  readonly conditions: CallConditions;
  /** The cell from which the service comes: the same call without a link. */
  readonly base: Cell;
  /**
   * Where the way is known from. `connection`: the kernel's own round trip alone, of a cell over no link. Its bandwidth is not known: the rate of
   * delivery that the kernel tells is of the same calls. So the floor may be higher, and what bound the call cannot be told.
   */
  readonly wayFrom: "link" | "connection";
}

/** The floors of a run's plain remote cells, as far as the same call was measured without its way, too. */
export const cellFloors = once((study: Study): ReadonlyMap<string, CellFloor> => {
  const all = study.manifest.cells.filter(isPlain).flatMap((cell) => floorOfCell(study, cell) ?? []);
  return new Map(all.map((f) => [f.cell.id, f]));
});

/** The limit that bound most of some cells, and how many of them. Pure. */
export function mostBound(cells: readonly Pick<CellFloor, "bound">[]): {
  readonly limit: Limit;
  readonly agree: number;
} {
  const counts = LIMITS.map((limit) => ({ limit, agree: cells.filter((c) => c.bound.limit === limit).length }));
  return counts.reduce((a, b) => (b.agree > a.agree ? b : a));
}

/** The median of a cell; undefined if it was not measured, or failed. */
export function measuredMs(study: Study, cell: Cell | undefined): number | undefined {
  const data = cell && study.data.get(cell.id);
  return data === undefined || data.failure !== undefined || data.visits.length === 0 ? undefined : medianMsOf(data);
}

/**
 * The cell with the same call without a link: of the same client machine over a link that adds nothing, otherwise of the server's own
 * machine. (The first includes the network below the links, whose time is taken to be short.)
 */
export function baseOf(study: Study, cell: Cell): Cell | undefined {
  const alike = study.manifest.cells.filter(
    (c) =>
      c.server === cell.server &&
      c.client === cell.client &&
      c.model === cell.model &&
      c.image === cell.image &&
      c.id !== cell.id &&
      isPlain(c) &&
      measuredMs(study, c) !== undefined,
  );
  const near = (c: Cell) => c.clientMachine === cell.clientMachine && c.link !== undefined && addsNothing(c.link);
  return (cell.link === undefined ? undefined : alike.find(near)) ?? alike.find((c) => c.local);
}

function floorOfCell(study: Study, cell: Cell): CellFloor | undefined {
  const [conditions, base, ms] = [conditionsOf(study, cell), baseOf(study, cell), measuredMs(study, cell)];
  const serviceMs = measuredMs(study, base);
  const data = study.data.get(cell.id);
  if (conditions === undefined || base === undefined || serviceMs === undefined || ms === undefined) return undefined;
  if (data?.requestBytes == null || data.responseBytes === null) return undefined;
  const sent = (study.data.get(base.id)?.visits ?? []).flatMap((v) => v.phaseMeansMs.sendMs ?? []);
  const call: CallShape = {
    ...{ requestBytes: data.requestBytes, responseBytes: data.responseBytes, serviceMs },
    ...(sent.length > 0 && { sendMs: Math.min(serviceMs, median(sent)) }),
  };
  const floor = floorOf(call, conditions);
  // If most calls had no loss, the median is the time of such a call.
  const facts = study.links?.calls.get(cell.id);
  const resent = (facts?.resent ?? 0) > 0.5 ? 1 : 0;
  const bound = boundBy(ms, resent, call, { ...conditions, grownBytes: facts?.grownBytes });
  const wayFrom = cell.link === undefined ? "connection" : "link";
  return { cell, measuredMs: ms, floor, ratio: ms / floor.ms, bound, conditions, base, wayFrom };
}

/** Under what a cell's calls are made; undefined where nothing is known of its way. */
function conditionsOf(study: Study, cell: Cell): CallConditions | undefined {
  const { link } = cell;
  if (cell.local) return undefined;
  if (link === undefined) {
    const rttMs = study.links?.ownRttMs.get(cell.id);
    return rttMs === undefined ? undefined : { rttMs, mbit: null, connection: "warm", ...windowsOf(study, cell) };
  }
  const way = study.links?.way(cell);
  const facts = study.links?.calls.get(cell.id);
  // Where nothing was measured, the link is as it was asked for: the bench refuses links whose round trip does not show.
  const { rttMs = link.rttMs, mbit = link.mbit } = way ?? {};
  return {
    ...{ rttMs, mbit: mbit ?? link.mbit, connection: facts?.connection ?? "warm" },
    congestionBytes: facts && congestionOf(facts),
    ...windowsOf(study, cell),
  };
}

/** The HTTP/2 windows of a cell's calls, as far as they are known. */
export function windowsOf(study: Study, cell: Cell): Windows {
  return { requestWindow: windowOf(study.links?.calls.get(cell.id)), answerWindow: answerWindowOf(study, cell) };
}

/** The HTTP/2 window for answers that the cell's client kind asks for; undefined: HTTP/1, or the run does not say. */
function answerWindowOf({ manifest }: Study, { client }: Cell): CallConditions["answerWindow"] {
  const { streamWindowBytes, connectionWindowBytes } = manifest.transports?.[client] ?? {};
  if (streamWindowBytes === undefined || connectionWindowBytes === undefined) return undefined;
  return { bytes: Math.min(streamWindowBytes, connectionWindowBytes), then: "same" };
}

function congestionOf({ connection, congestionBytes, idleMs, rtoMs }: CallFacts): number | undefined {
  if (congestionBytes === undefined || connection !== "idle") return congestionBytes;
  return rtoMs === undefined ? undefined : afterIdle(congestionBytes, idleMs, rtoMs);
}

/** The server's HTTP/2 window as the client saw it; undefined if no request had to wait. */
function windowOf(facts: CallFacts | undefined): CallConditions["requestWindow"] {
  if (facts?.window === undefined || facts.window.waits < 1) return undefined;
  // After one wait or two (for the stream, for the connection) gRPC's C core lets all the rest through.
  return { bytes: facts.window.bytes, then: facts.window.waits <= 2 ? "rest" : "same" };
}
