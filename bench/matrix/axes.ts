import { protocolTitle } from "../../clients/registry.ts";
import { isPlainLoad, loadTitle } from "../loads/registry.ts";
import type { Cell } from "./cell.ts";

/** What an axis must know of a cell: every field but those made from axes. */
export type Coordinates = Omit<Cell, "id" | "experiments" | "limits">;

/** One axis of the matrix: an entry of `AXES`, over which plan, ids, statistics, tables, CSV and comparisons iterate. */
export interface Axis {
  /** As a column of CSV and a key of JSON: `client_machine`. */
  readonly key: string;
  /** What readers call it. */
  readonly title: string;
  /** A cell's level on it: an opaque key, the same for cells that are alike here. */
  of(cell: Coordinates): string;
  /** What readers call a level. */
  levelTitle(level: string): string;
  /** Its part of a cell's id; absent or empty if other axes say it already, or there is nothing to say. */
  idPart?(cell: Coordinates): string;
  /** Whether it is a factor of the model of log latency. Factors with one level in a run are left out of its model. */
  readonly isFactor: boolean;
  /** Of an axis of one's own: what an experiment may ask for by its key, and the level that holds otherwise. */
  readonly plan?: { readonly levels: readonly string[]; readonly otherwise: string };
}

/** Of most axes: a level is called by its key. */
const asItIs = { levelTitle: (level: string) => level };

/** Every axis there is, in the order of ids, tables and columns. */
export const AXES: readonly Axis[] = [
  {
    key: "placement",
    title: "from → to",
    of: (c) => `${c.clientMachine} → ${c.serverMachine}`,
    ...asItIs,
    idPart: (c) => `${c.clientMachine}>${c.serverMachine}`,
    isFactor: true,
  },
  {
    key: "link",
    title: "link",
    of: (c) => c.link?.name ?? "",
    ...asItIs,
    idPart: (c) => (c.link === undefined ? "" : `over ${c.link.name}`),
    // Two links of a pair of machines are two levels of its placement: a local call goes over none.
    isFactor: false,
  },
  {
    key: "server",
    title: "server",
    of: (c) => c.server,
    ...asItIs,
    // A server that is alone on its machine is called by it.
    idPart: (c) => (c.server === c.serverMachine ? "" : c.server),
    isFactor: false,
  },
  // The server's id says it already; as a factor it is what servers of several machines have in common.
  { key: "server_kind", title: "server kind", of: (c) => c.serverKind ?? "", ...asItIs, isFactor: true },
  { key: "protocol", title: "protocol", of: (c) => c.protocol, levelTitle: protocolTitle, isFactor: false },
  {
    key: "client",
    title: "client program",
    of: (c) => c.client,
    ...asItIs,
    idPart: (c) => c.client,
    isFactor: true,
  },
  { key: "model", title: "model", of: (c) => c.model, ...asItIs, idPart: (c) => c.model, isFactor: true },
  { key: "image", title: "image", of: (c) => c.image, ...asItIs, idPart: (c) => c.image, isFactor: true },
  {
    key: "load",
    title: "load",
    of: (c) => loadTitle(c.load),
    ...asItIs,
    idPart: (c) => (isPlainLoad(c.load) ? "" : loadTitle(c.load)),
    isFactor: false,
  },
];

/** The id of a cell: what the axes say of it, `client>edge probe ssd-mobilenet image-7 x4`. */
export function cellId(cell: Coordinates, axes: readonly Axis[] = AXES): string {
  return axes
    .map((axis) => axis.idPart?.(cell) ?? "")
    .filter((part) => part !== "")
    .join(" ");
}
