import { clientKind } from "../../clients/registry.ts";
import { PLAIN_LOAD } from "../loads/registry.ts";
import type { Load } from "../loads/load.ts";
import { type Coordinates, cellId } from "../matrix/axes.ts";
import type { Cell } from "../matrix/cell.ts";
import type { CellSummary } from "../stats/summary.ts";

/** A cell of a client kind that Lathe has, for tests: each server is alone on the machine of its name; `more` says what is different. */
export function cellOf(
  [clientMachine, server]: readonly [clientMachine: string, server: string],
  model: string,
  client: string,
  image: string,
  more: Partial<Cell> = {},
): Cell {
  const { api, protocol, input } = clientKind(client);
  const coordinates: Coordinates = {
    ...{ clientMachine, server, serverMachine: server, local: clientMachine === server },
    ...{ client, api, protocol, input, model, image, load: PLAIN_LOAD },
    ...more,
  };
  return { id: cellId(coordinates), ...coordinates };
}

/** Every combination, images varying fastest, for tests. */
export function cellsOf(of: {
  readonly placements: readonly (readonly [clientMachine: string, server: string])[];
  readonly models: readonly string[];
  readonly clients: readonly string[];
  readonly images: readonly string[];
  readonly loads?: readonly Load[];
}): Cell[] {
  return of.placements.flatMap((placement) =>
    of.models.flatMap((model) =>
      of.clients.flatMap((client) =>
        of.images.flatMap((image) =>
          (of.loads ?? [PLAIN_LOAD]).map((load) => cellOf(placement, model, client, image, { load })),
        ),
      ),
    ),
  );
}

/** Means of phases that were not measured. */
export const NO_PHASES: CellSummary["phaseMeansMs"] = {
  ...{ lateMs: null, encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null },
};

/** A summary of calls that all took `meanMs`, for tests. */
export function summaryOf(c: Cell, meanMs: number, n = 10, failure?: CellSummary["failure"]): CellSummary {
  return {
    ...{ cell: c.id, n, meanMs, medianMs: meanMs, p90Ms: meanMs, minMs: meanMs, maxMs: meanMs },
    phaseMeansMs: NO_PHASES,
    ...{ requestBytes: 1, responseBytes: 1, failedCalls: 0, failures: 0 },
    ...(failure && { failure }),
  };
}
