import { z } from "zod";
import { Load } from "../loads/load.ts";
import { isPlainLoad } from "../loads/registry.ts";
import { CellLimits } from "./limits.ts";
import { Link, addsNothing } from "./link.ts";

/** The name of a photograph: `image-7`. It becomes part of file names and of links. */
export const ImageName = z.string().regex(/^[A-Za-z0-9][\w.-]{0,99}$/, "a name of letters, digits, - _ .");

/** One cell of the matrix. What is made of cells (ids, statistics, tables, CSV, comparisons) reads its fields through `AXES`. */
export const Cell = z.object({
  /** Unique in its run, and readable; never taken apart. */
  id: z.string(),
  clientMachine: z.string(),
  server: z.string(),
  serverMachine: z.string(),
  /** The server's kind, and its name where its machine has several of that kind: `flask simdjson`. Absent in older runs. */
  serverKind: z.string().optional(),
  /** Whether both are one machine, whatever their roles: the paper's "local" rows. */
  local: z.boolean(),
  client: z.string(),
  api: z.string(),
  protocol: z.string(),
  /** What the client kind sends: decoded pixels, or the image file. */
  input: z.enum(["pixels", "file"]),
  model: z.string(),
  image: ImageName,
  load: Load,
  /** What the bench puts between the two machines for its visits; absent: nothing, and of local cells always. */
  link: Link.optional(),
  /** Levels on further axes, by the axis's key. */
  levels: z.record(z.string(), z.string()).optional(),
  /** Names of the experiments that ask for this cell. */
  experiments: z.array(z.string()).optional(),
  /** Limits in which it differs from its run's. */
  limits: CellLimits.optional(),
});
export type Cell = z.infer<typeof Cell>;

/** Whether a cell is measured as the paper did: one call after the other. The paper's tables show these alone. */
export function isPlain(c: Cell): boolean {
  return isPlainLoad(c.load);
}

/** Whether a cell's calls go over the network as it is: over no link, or over one that adds nothing. */
export function isAsDeployed({ link }: Cell): boolean {
  return link === undefined || addsNothing(link);
}

/** The cells over the network as it is. All cells, if remote servers were called only over links that add something. */
export function asDeployed(cells: readonly Cell[]): readonly Cell[] {
  const own = cells.filter(isAsDeployed);
  return own.some((c) => !c.local) ? own : cells;
}

/** A connection that a cell's calls travel on: cells that share it share its warm-up and its failure to open. */
export function connectionKey(c: Cell): string {
  return `${c.clientMachine}>${c.server} ${c.client}`;
}

/** The machines that a cell's calls go between. */
export function pairKey(c: Cell): string {
  return `${c.clientMachine}>${c.serverMachine}`;
}

/** A model on a server. */
export function modelKey(c: Cell): string {
  return `${c.server} ${c.model}`;
}

/** What makes a server's first call slow: a model that has not yet seen an input of this image's shape. */
export function inputKey(c: Cell): string {
  return `${c.server} ${c.model} ${c.input} ${c.image}`;
}
