import type { Cell } from "../../matrix/cell.ts";
import { isPlain } from "../../matrix/cell.ts";
import { addsNothing } from "../../matrix/link.ts";
import { ofLog } from "../math/estimate.ts";
import { mean, median } from "../math/quantile.ts";
import { type Study, nullModels } from "../study.ts";
import { cellFloors, measuredMs, windowsOf } from "./cells.ts";
import { type CallConditions, type CallShape, type Windows, floorOf } from "./call.ts";
import type { Way } from "./transfer.ts";

/*
 * Where to serve: the time of a call to each server over any round trip and bandwidth. A run measured the machines' own calls; the floor
 * (`floorOf`) adds the network. So an answer is as good as that model (`modelError`). Pure.
 */

/** A connection is idle after a round trip and this time without traffic, at least (Linux). */
const LEAST_RTO_MS = 200;

/** A server that the client machine could call instead of its own. */
export interface RemoteChoice {
  readonly server: string;
  /** The time of calls from the server's own machine, without a network. */
  readonly serviceMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly sendMs: number;
  /** The HTTP/2 windows of both sides; absent: not known, or no request waited. Taken as wide. */
  readonly windows?: Windows;
}

/** A model and a client kind: the time of the client machine's own server, and the servers that it could call instead. */
export interface WhereToServe {
  readonly clientMachine: string;
  readonly model: string;
  readonly client: string;
  readonly protocol: string;
  readonly localMs: number;
  readonly remotes: readonly RemoteChoice[];
}

/**
 * The questions that a run's local cells can answer: for each client machine that has a server of its own and calls others, and each model
 * that is not a null model.
 */
export function whereToServe(study: Study): WhereToServe[] {
  const nulls = nullModels(study.manifest);
  const plain = study.manifest.cells.filter(
    (c) => isPlain(c) && !nulls.has(c.model) && measuredMs(study, c) !== undefined,
  );
  const callers = new Set(study.manifest.cells.filter((c) => !c.local).map((c) => c.clientMachine));
  const local = plain.filter((c) => c.local);
  const key = (c: Cell) => JSON.stringify([c.server, c.model, c.client]);
  const groups = [...Map.groupBy(local, key).values()];
  return [...callers].flatMap((clientMachine) =>
    groups
      .filter(([c]) => c?.clientMachine === clientMachine)
      .flatMap((own) => {
        const [first] = own as [Cell, ...Cell[]];
        const others = groups.filter(
          ([c]) => c?.clientMachine !== clientMachine && c?.model === first.model && c.client === first.client,
        );
        // Means are over the same images.
        const remotes = others.flatMap((cells) => remoteOf(study, own, cells) ?? []);
        if (remotes.length === 0) return [];
        const { model, client, protocol } = first;
        return [{ clientMachine, model, client, protocol, localMs: meanOf(study, own), remotes }];
      }),
  );
}

const meanOf = (study: Study, cells: readonly Cell[]): number =>
  ofLog(mean(cells.map((c) => Math.log(measuredMs(study, c) ?? NaN))));

/** A server's times, over the images that the client machine's own server was also measured with. */
function remoteOf(study: Study, own: readonly Cell[], cells: readonly Cell[]): RemoteChoice | undefined {
  const common = cells.filter((c) => own.some((o) => o.image === c.image));
  const data = common.flatMap((c) => study.data.get(c.id) ?? []);
  const bytes = (of: "requestBytes" | "responseBytes") => mean(data.map((d) => d[of] ?? NaN));
  const [requestBytes, responseBytes] = [bytes("requestBytes"), bytes("responseBytes")];
  if (!Number.isFinite(requestBytes) || !Number.isFinite(responseBytes)) return undefined;
  const sent = data.flatMap((d) => d.visits.flatMap((v) => v.phaseMeansMs.sendMs ?? []));
  const serviceMs = meanOf(study, common);
  const sendMs = sent.length === 0 ? 0 : Math.min(serviceMs, mean(sent));
  const [first] = common as [Cell, ...Cell[]];
  return {
    server: first.server,
    serviceMs,
    requestBytes,
    responseBytes,
    sendMs,
    windows: windowsBetween(study, first),
  };
}

/**
 * The windows of a client kind and a server. The server's is known from calls over links alone; how it lets a request through shows best with
 * the longest round trip and the largest request. The client's is as its kind asks for.
 */
function windowsBetween(study: Study, cell: Cell): Windows {
  const overLinks = study.manifest.cells.filter(
    (c) => isPlain(c) && c.server === cell.server && c.client === cell.client && c.model === cell.model && c.link,
  );
  const bytes = (c: Cell) => study.data.get(c.id)?.requestBytes ?? 0;
  const [best = cell] = overLinks.sort((a, b) => (b.link?.rttMs ?? 0) - (a.link?.rttMs ?? 0) || bytes(b) - bytes(a));
  return windowsOf(study, best);
}

/**
 * The time of a call to a server over a network, if calls are made one after the other on one connection. If the server takes longer than
 * TCP's timeout, the connection is idle before each call, and slow start begins anew.
 */
export function remoteMs({ serviceMs, requestBytes, responseBytes, sendMs, windows }: RemoteChoice, way: Way): number {
  const call: CallShape = { requestBytes, responseBytes, serviceMs, sendMs };
  const connection: CallConditions["connection"] = serviceMs > LEAST_RTO_MS ? "idle" : "warm";
  return floorOf(call, { ...way, ...windows, connection }).ms;
}

/** The networks up to which a server is as fast as the client machine's own. */
export interface Boundary {
  /** The longest round trip at which it is as fast, without a limit of bandwidth; null: it is slower even without a network. */
  readonly mostRttMs: number | null;
  /** The least bandwidth at which it is as fast, with no round trip, and with one of 20 ms; null: none is enough. */
  readonly leastMbit: number | null;
  readonly leastMbitAt20: number | null;
}

/** The round trip of the second bandwidth: that of another city. */
export const FAR_RTT_MS = 20;

/** Computes from where on a server is slower than the client machine's own. */
export function boundaryOf(localMs: number, remote: RemoteChoice): Boundary {
  const ms = (rttMs: number, mbit: number | null) => remoteMs(remote, { rttMs, mbit });
  const leastMbit = (rttMs: number) =>
    ms(rttMs, null) >= localMs ? null : crossing(1e-3, 1e6, (mbit) => ms(rttMs, mbit) <= localMs);
  return {
    mostRttMs: ms(0, null) >= localMs ? null : crossing(1e-3, 1e5, (rttMs) => ms(rttMs, null) > localMs),
    leastMbit: leastMbit(0),
    leastMbitAt20: leastMbit(FAR_RTT_MS),
  };
}

/** The number from which on a condition holds, to a thousandth, by bisection of its logarithm. */
function crossing(low: number, high: number, holds: (value: number) => boolean): number {
  for (let [from, to] = [low, high]; ;) {
    const middle = Math.sqrt(from * to);
    if (to / from < 1.001) return middle;
    if (holds(middle)) to = middle;
    else from = middle;
  }
}

/** The server that is fastest over a network, if all are equally far; null: the client machine's own. */
export function fastestAt({ localMs, remotes }: WhereToServe, way: Way): { server: string | null; ms: number } {
  let best: { server: string | null; ms: number } = { server: null, ms: localMs };
  for (const remote of remotes) {
    const ms = remoteMs(remote, way);
    if (ms < best.ms) best = { server: remote.server, ms };
  }
  return best;
}

/** The model's error by this run's calls over links: the median of their distances from it, as a share. Undefined: the run has none. */
export function modelError(study: Study): { readonly share: number; readonly cells: number } | undefined {
  const far = [...cellFloors(study).values()].filter(({ cell }) => cell.link !== undefined && !addsNothing(cell.link));
  const ratios = far.map((f) => Math.abs(f.ratio - 1));
  return ratios.length === 0 ? undefined : { share: median(ratios), cells: ratios.length };
}
