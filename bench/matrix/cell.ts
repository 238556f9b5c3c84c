import { z } from "zod";
import { CellLimits } from "./limits.ts";

/**
 * One cell of the matrix: client machine x server machine x client kind x model x image, and how it is loaded. A client
 * kind implies the protocol (`probe` and `grpc-js` speak gRPC, `rest` and `rest-b64` REST). The paper's "local" rows are
 * the cells whose client and server machines are the same.
 */
export const Cell = z.object({
  /** Unique and readable: `client>edge probe ssd-mobilenet image-7`, then ` x4` and ` 10/s` where there is such a load. */
  id: z.string(),
  clientRole: z.string(),
  serverRole: z.string(),
  clientKind: z.string(),
  protocol: z.enum(["grpc", "rest"]),
  /** What the client kind sends: decoded pixels, or the image file. */
  input: z.enum(["pixels", "file"]),
  model: z.string(),
  image: z.string(),
  /** Calls in flight at a time; absent: one. */
  concurrency: z.number().int().min(2).optional(),
  /** Open loop: calls a second, latency from when a call was due. Absent: closed loop, one call after the other. */
  ratePerSecond: z.number().positive().optional(),
  /** Names of the experiments that ask for this cell. */
  experiments: z.array(z.string()).optional(),
  /** Limits in which it differs from its run's. */
  limits: CellLimits.optional(),
});
export type Cell = z.infer<typeof Cell>;

/** What tells one cell from another. */
export type Coordinates = Omit<Cell, "id" | "protocol" | "input" | "experiments" | "limits">;

/** The name of a cell from its coordinates. */
export function cellId(c: Coordinates): string {
  const load = [
    ...(c.concurrency === undefined ? [] : [` x${c.concurrency}`]),
    ...(c.ratePerSecond === undefined ? [] : [` ${c.ratePerSecond}/s`]),
  ];
  return `${c.clientRole}>${c.serverRole} ${c.clientKind} ${c.model} ${c.image}${load.join("")}`;
}

/** Whether a cell is measured as the paper did: one call after the other. The paper's tables show these alone. */
export function isPlain(c: Cell): boolean {
  return c.concurrency === undefined && c.ratePerSecond === undefined;
}

/** A connection that a cell's calls travel on: cells that share it share its warm-up and its failure to open. */
export function connectionKey(c: Cell): string {
  return `${c.clientRole}>${c.serverRole} ${c.clientKind}`;
}

/** A model on a server. */
export function modelKey(c: Cell): string {
  return `${c.serverRole} ${c.model}`;
}

/** What makes a server's first call slow: a model that has not yet seen an input of this image's shape. */
export function inputKey(c: Cell): string {
  return `${c.serverRole} ${c.model} ${c.input} ${c.image}`;
}
