import { z } from "zod";

/*
 * What the bench and a client machine's worker say to each other: JSON lines, in this process or over SSH. The schemas
 * are the contract; both sides parse what they read.
 */

/** A photograph as the worker needs it: decoded once by the bench, so that every client sends the same pixels. */
export const ImageMessage = z.object({
  type: z.literal("image"),
  name: z.string(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  /** Width x height x 3 bytes, base64. */
  rgb: z.string(),
  /** The file as it was fetched, base64. */
  file: z.string(),
});

/** One visit to a cell: some warm-up calls, then measured ones. */
export const VisitMessage = z.object({
  type: z.literal("visit"),
  visit: z.number().int(),
  clientKind: z.string(),
  address: z.string(),
  port: z.number().int(),
  model: z.string(),
  image: z.string(),
  warmup: z.number().int().nonnegative(),
  calls: z.number().int().nonnegative(),
  /** No further measured call is begun once the visit's measured part has taken this long. */
  blockMs: z.number().positive(),
  timeoutMs: z.number().positive(),
  /** Send back the first measured call's tensors. */
  keepAnswer: z.boolean(),
});
export type VisitMessage = z.infer<typeof VisitMessage>;

export const ToWorker = z.discriminatedUnion("type", [
  ImageMessage,
  VisitMessage,
  z.object({ type: z.literal("close") }),
]);
export type ToWorker = z.infer<typeof ToWorker>;

const ms = z.number().nonnegative();

/** One call's outcome. Milliseconds of the client machine's monotonic clock. */
export const CallMessage = z.object({
  type: z.literal("call"),
  visit: z.number().int(),
  phase: z.enum(["warmup", "measure"]),
  /** When the call began: wall clock of the client machine, ISO 8601. For reading, never for arithmetic. */
  at: z.string(),
  ok: z.boolean(),
  totalMs: ms,
  encodeMs: ms.nullable(),
  sendMs: ms.nullable(),
  waitMs: ms.nullable(),
  receiveMs: ms.nullable(),
  decodeMs: ms.nullable(),
  requestBytes: z.number().int().nullable(),
  responseBytes: z.number().int().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type CallMessage = z.infer<typeof CallMessage>;

/** The first measured answer of a cell, as plain numbers. */
export const AnswerMessage = z.object({
  type: z.literal("answer"),
  visit: z.number().int(),
  outputs: z.record(
    z.string(),
    z.object({ dtype: z.string(), shape: z.array(z.number()), values: z.array(z.number()) }),
  ),
});

/** A visit is over: every call it made was sent before. `error` says why it could not go on. */
export const VisitedMessage = z.object({
  type: z.literal("visited"),
  visit: z.number().int(),
  error: z.object({ code: z.string(), message: z.string(), opening: z.boolean() }).optional(),
});

export const FromWorker = z.discriminatedUnion("type", [
  z.object({ type: z.literal("hello"), node: z.string(), hostname: z.string(), pid: z.number().int() }),
  CallMessage,
  AnswerMessage,
  VisitedMessage,
]);
export type FromWorker = z.infer<typeof FromWorker>;
