import { z } from "zod";

/**
 * One cell of the matrix: client machine x server machine x client kind x model x image. A client kind implies the
 * protocol (`probe` and `grpc-js` speak gRPC, `rest` and `rest-b64` REST). The paper's "local" rows are the cells whose
 * client and server machines are the same.
 */
export const Cell = z.object({
  /** Unique and readable: `client>edge probe ssd-mobilenet image-7`. */
  id: z.string(),
  clientRole: z.string(),
  serverRole: z.string(),
  clientKind: z.string(),
  protocol: z.enum(["grpc", "rest"]),
  /** What the client kind sends: decoded pixels, or the image file. */
  input: z.enum(["pixels", "file"]),
  model: z.string(),
  image: z.string(),
});
export type Cell = z.infer<typeof Cell>;

/** The name of a cell from its coordinates. */
export function cellId(c: Omit<Cell, "id" | "protocol" | "input">): string {
  return `${c.clientRole}>${c.serverRole} ${c.clientKind} ${c.model} ${c.image}`;
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
