import type { Cell } from "../../matrix/cell.ts";
import { isPlain } from "../../matrix/cell.ts";
import { addsNothing } from "../../matrix/link.ts";
import { ofLog } from "../math/estimate.ts";
import { mean, median } from "../math/quantile.ts";
import { type Study, nullModels } from "../study.ts";
import { cellFloors, measuredMs } from "./cells.ts";
import { type CallConditions, type CallShape, floorOf } from "./call.ts";
import type { Way } from "./transfer.ts";

/*
 * Where to serve, by what a run has measured of its machines alone: for any way between the client machine and a server, what a call
 * would take there. The way is the model's (`floorOf`), so an answer is as good as the model is: `modelError`. Pure.
 */

/** Shortest time after which TCP takes a connection for idle, beyond the round trip (Linux). */
const LEAST_RTO_MS = 200;

/** A server that could be asked instead of the client machine's own. */
export interface RemoteChoice {
  readonly server: string;
  /** Its own machine's calls to it, without any way between. */
  readonly serviceMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly sendMs: number;
}

/** One model over one client kind: what the client machine's own server takes, and the servers that could be asked instead. */
export interface WhereToServe {
  readonly clientMachine: string;
  readonly model: string;
  readonly client: string;
  readonly protocol: string;
  readonly localMs: number;
  readonly remotes: readonly RemoteChoice[];
}

/**
 * The questions that a run's local cells can answer: of each client machine that has a server of its own, and calls others; of models that
 * compute something.
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
        // Of images that both were measured with: else their mean would be of other images.
        const remotes = others.flatMap((cells) => remoteOf(study, own, cells) ?? []);
        if (remotes.length === 0) return [];
        const { model, client, protocol } = first;
        return [{ clientMachine, model, client, protocol, localMs: meanOf(study, own), remotes }];
      }),
  );
}

const meanOf = (study: Study, cells: readonly Cell[]): number =>
  ofLog(mean(cells.map((c) => Math.log(measuredMs(study, c) ?? NaN))));

/** A server by the images that the client machine's own was measured with, too. */
function remoteOf(study: Study, own: readonly Cell[], cells: readonly Cell[]): RemoteChoice | undefined {
  const common = cells.filter((c) => own.some((o) => o.image === c.image));
  const data = common.flatMap((c) => study.data.get(c.id) ?? []);
  const bytes = (of: "requestBytes" | "responseBytes") => mean(data.map((d) => d[of] ?? NaN));
  const [requestBytes, responseBytes] = [bytes("requestBytes"), bytes("responseBytes")];
  if (!Number.isFinite(requestBytes) || !Number.isFinite(responseBytes)) return undefined;
  const sent = data.flatMap((d) => d.visits.flatMap((v) => v.phaseMeansMs.sendMs ?? []));
  const serviceMs = meanOf(study, common);
  const sendMs = sent.length === 0 ? 0 : Math.min(serviceMs, mean(sent));
  return { server: common[0]?.server ?? "", serviceMs, requestBytes, responseBytes, sendMs };
}

/**
 * What a call to a server takes over a way, calls being made one after the other on one connection. If the server takes longer than
 * TCP's timeout, the connection is idle before each call, and slow start begins anew.
 */
export function remoteMs({ serviceMs, requestBytes, responseBytes, sendMs }: RemoteChoice, way: Way): number {
  const call: CallShape = { requestBytes, responseBytes, serviceMs, sendMs };
  const connection: CallConditions["connection"] = serviceMs > LEAST_RTO_MS ? "idle" : "warm";
  return floorOf(call, { ...way, connection }).ms;
}

/** From where on a server is slower than the client machine's own. */
export interface Boundary {
  /** The longest round trip at which it is as fast, at any bandwidth; null: it is slower even without a way between. */
  readonly mostRttMs: number | null;
  /** The least bandwidth at which it is as fast, at no round trip at all, and at 20 ms; null: none is enough. */
  readonly leastMbit: number | null;
  readonly leastMbitAt20: number | null;
}

/** Round trip at which the second bandwidth is given: of another city. */
export const FAR_RTT_MS = 20;

/** Where a server becomes slower than the client machine's own. */
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

/** Where a condition that holds from some number on begins to hold, to a thousandth: bisection on the logarithm. */
function crossing(low: number, high: number, holds: (value: number) => boolean): number {
  for (let [from, to] = [low, high]; ;) {
    const middle = Math.sqrt(from * to);
    if (to / from < 1.001) return middle;
    if (holds(middle)) to = middle;
    else from = middle;
  }
}

/** The server that is fastest over a way, null: the client machine's own. All servers are taken to be equally far. */
export function fastestAt({ localMs, remotes }: WhereToServe, way: Way): { server: string | null; ms: number } {
  let best: { server: string | null; ms: number } = { server: null, ms: localMs };
  for (const remote of remotes) {
    const ms = remoteMs(remote, way);
    if (ms < best.ms) best = { server: remote.server, ms };
  }
  return best;
}

/** How far this run's calls over links were from the model: the median of their distances, as a share; undefined: it has none. */
export function modelError(study: Study): { readonly share: number; readonly cells: number } | undefined {
  const far = [...cellFloors(study).values()].filter(({ cell }) => cell.link !== undefined && !addsNothing(cell.link));
  const ratios = far.map((f) => Math.abs(f.ratio - 1));
  return ratios.length === 0 ? undefined : { share: median(ratios), cells: ratios.length };
}
