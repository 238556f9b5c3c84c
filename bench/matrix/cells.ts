import type { ClientKind } from "../../clients/client.ts";
import { apisOf, type Server } from "../../infra/outputs.ts";
import type { Load } from "../loads/load.ts";
import { AXES, type Axis, type Coordinates, cellId } from "./axes.ts";
import type { Cell } from "./cell.ts";
import type { Link } from "./link.ts";

/** A machine that calls a server, and whether the server stands on that machine. */
export interface Placement {
  readonly clientMachine: string;
  readonly server: Server;
  readonly local: boolean;
}

type Client = Pick<ClientKind, "name" | "api" | "protocol" | "input">;

export interface MatrixSpec {
  readonly placements: readonly Placement[];
  /** All that are deployed, which tell servers of one kind apart. Default: those of the placements. */
  readonly servers?: readonly Server[];
  /** Client kinds that are wanted; a server is called by those that it has an endpoint for. */
  readonly clients: readonly Client[];
  /** Names of the models to ask for, by the server's id. */
  readonly models: ReadonlyMap<string, readonly string[]>;
  readonly images: readonly string[];
  readonly loads: readonly Load[];
  /** What lies between client machine and server machine; absent or empty: nothing. Local cells go over none. */
  readonly links?: readonly Link[] | undefined;
  /** Combinations of levels on axes of their own, by the axis's key; one empty combination where there are none. */
  readonly levels: readonly Readonly<Record<string, string>>[];
}

/** Whether a server has an endpoint that a client kind can call: of its API and protocol, for what its requests carry. */
export function isOffered(
  { api, protocol, input }: Omit<Client, "name">,
  { endpoints }: Pick<Server, "endpoints">,
): boolean {
  return endpoints.some(
    (e) => apisOf(e).includes(api) && e.protocol === protocol && (e.inputs?.includes(input) ?? true),
  );
}

/**
 * A server's level on the axis of server kinds: its kind, and its name where its machine has several of that kind and it is not named after
 * the kind alone.
 */
export function serverKindOf(server: Server, all: readonly Server[]): string {
  const { id, machineId, kind } = server;
  const name = id.startsWith(`${machineId}/`) ? id.slice(machineId.length + 1) : id;
  const alone = all.every((s) => s.id === id || s.machineId !== machineId || s.kind !== kind);
  return alone || name === kind ? kind : `${kind} ${name}`;
}

/** Every cell of the matrix, in a fixed order. */
export function benchPlan(spec: MatrixSpec, axes: readonly Axis[] = AXES): Cell[] {
  const servers = spec.servers ?? spec.placements.map((p) => p.server);
  const over = (local: boolean): readonly { readonly link?: Link }[] =>
    local || !spec.links?.length ? [{}] : spec.links.map((link) => ({ link }));
  const placed = spec.placements.flatMap((placement) =>
    over(placement.local).map((link) => ({ ...placement, ...link })),
  );
  return placed.flatMap(({ clientMachine, server, local, link }) =>
    (spec.models.get(server.id) ?? []).flatMap((model) =>
      spec.clients
        .filter((client) => isOffered(client, server))
        .flatMap(({ name, api, protocol, input }) =>
          spec.images.flatMap((image) =>
            spec.loads.flatMap((load) =>
              spec.levels.map((levels) => {
                const coordinates: Coordinates = {
                  ...{ clientMachine, server: server.id, serverMachine: server.machineId, local },
                  serverKind: serverKindOf(server, servers),
                  ...{ client: name, api, protocol, input, model, image, load, ...(link && { link }) },
                  ...(Object.keys(levels).length === 0 ? {} : { levels }),
                };
                return { id: cellId(coordinates, axes), ...coordinates };
              }),
            ),
          ),
        ),
    ),
  );
}
