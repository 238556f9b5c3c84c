import { z } from "zod";
import { StatusError } from "../codes.ts";
import type { HttpAnswer, HttpConnection } from "../transport/http.ts";
import { parseJson } from "../json/decode.ts";

const OutputShape = z.object({
  tensor_shape: z.object({
    dim: z.array(z.object({ size: z.coerce.number() })).default([]),
    unknown_rank: z.boolean().optional(),
  }),
});
const Metadata = z.object({
  metadata: z.object({
    signature_def: z.object({
      signature_def: z.record(z.string(), z.object({ outputs: z.record(z.string(), OutputShape) })),
    }),
  }),
});

/**
 * Whether a signature cannot be asked for rows (`instances`), as its metadata tells: the server cuts each output into as many rows as
 * were sent, and one of its outputs has no dimension of that size. Undefined where this is no metadata of such a signature. Pure.
 *
 * @param metadata the answer to GET …/metadata
 * @param rows that are sent
 */
export function lacksBatch(metadata: unknown, signature: string, rows: number): boolean | undefined {
  const parsed = Metadata.safeParse(metadata);
  if (!parsed.success) return undefined;
  const signatures = parsed.data.metadata.signature_def.signature_def;
  if (!Object.hasOwn(signatures, signature)) return undefined;
  return Object.values(signatures[signature]?.outputs ?? {}).some(({ tensor_shape: { dim, unknown_rank } }) => {
    const first = dim[0]?.size;
    return unknown_rank !== true && first !== -1 && first !== rows;
  });
}

/** TF Serving's own words for it: a first dimension that is open may be another one than the batch's. */
const WORDS = /inconsistent batch size|has no shape information/;

/**
 * Whether a request that was refused as rows is to be sent by name (`inputs`) instead: the server's words or its metadata say so.
 * Asked between calls, once for each model and signature.
 *
 * @param path of the model, without the colon and the method
 */
export async function needsNames(
  connection: HttpConnection,
  path: string,
  signature: string,
  rows: number,
  refusal: string,
  timeoutMs: number,
): Promise<boolean> {
  if (WORDS.test(refusal)) return true;
  try {
    await connection.ready(timeoutMs);
    const answer: HttpAnswer = await connection.exchange("GET", `${path}/metadata`, null, timeoutMs);
    return answer.status === 200 && lacksBatch(parseJson(answer.body.toString("utf8")), signature, rows) === true;
  } catch (error) {
    // What the call itself was refused for says more than why there is no metadata.
    if (error instanceof StatusError) return false;
    throw error;
  }
}
