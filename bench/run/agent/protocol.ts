import { z } from "zod";
import { UserError } from "../../../lib/errors.ts";
import { show } from "../../../lib/show.ts";
import { flatIssues, issueText } from "../../../lib/zod-faults.ts";
import { Security } from "../../../clients/security.ts";
import { Load } from "../../loads/load.ts";
import { CallTcp } from "./tcp/facts.ts";

/* What the bench and a client machine's worker say to each other: JSON lines over SSH, or values in this process. */

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
export type ImageMessage = z.infer<typeof ImageMessage>;

/** What a protected port asks of its clients. Sent once, over SSH's standard input; visits only name it. */
export const SecurityMessage = z.object({ type: z.literal("security"), name: z.string(), security: Security });
export type SecurityMessage = z.infer<typeof SecurityMessage>;

/** The ports of an endpoint, one for each of its server's containers. Pure. */
export const allPorts = ({ port, otherPorts = [] }: Pick<VisitMessage, "port" | "otherPorts">): readonly number[] => [
  port,
  ...otherPorts,
];

/** One visit to a cell: some warm-up calls, then measured ones. */
export const VisitMessage = z.object({
  type: z.literal("visit"),
  visit: z.number().int(),
  client: z.string(),
  address: z.string(),
  port: z.number().int(),
  /** Of a server's further containers (replicas): connections go to one of all in turn. Absent: it has one. */
  otherPorts: z.array(z.number().int()).optional(),
  /** Name of the security that was sent before; absent: in the clear. */
  security: z.string().optional(),
  model: z.string(),
  /** The version to ask for; absent: the latest. */
  version: z.number().int().positive().optional(),
  image: z.string(),
  /** Warm-up calls: at least, and at most where the calls do not get steady. */
  warmup: z.number().int().nonnegative(),
  warmupAtMost: z.number().int().nonnegative(),
  load: Load,
  /** Calls at the load before the measured ones, reported as warm-up. */
  leadIn: z.number().int().nonnegative(),
  calls: z.number().int().nonnegative(),
  /** No further measured call is begun once the visit's measured part has taken this long. */
  blockMs: z.number().positive(),
  /** What random times are drawn from; absent: 0. */
  seed: z.number().int().optional(),
  /** Of a load whose calls are due when a file says so: the times in it, milliseconds. */
  times: z.array(z.number()).optional(),
  timeoutMs: z.number().positive(),
  /** Send back the first measured call's tensors. */
  keepAnswer: z.boolean(),
  /** Begin with new connections: the server stood still, and may have closed those that there are. */
  anew: z.boolean().optional(),
  /** Report what the kernel says of the connection, call by call. */
  tcp: z.boolean().optional(),
  /** Report the shortest round trip that the kernel has seen of the connections, once, after the last call. */
  roundTrip: z.boolean().optional(),
  /** The page of the server's own metrics at the same address, of the form of `api`, read for requests over `protocol`. */
  metrics: z
    .object({
      api: z.string(),
      protocol: z.string(),
      port: z.number().int(),
      /** Of a server's further containers: what they tell is added up. Absent: it has one. */
      otherPorts: z.array(z.number().int()).optional(),
      path: z.string(),
      security: z.string().optional(),
    })
    .optional(),
});
export type VisitMessage = z.infer<typeof VisitMessage>;

export const ToWorker = z.discriminatedUnion("type", [
  ImageMessage,
  SecurityMessage,
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
  /** Where the load says so: when the call was due, on the clock of `at`. */
  intendedAt: z.string().optional(),
  /**
   * Where the load says when a call is due: from then until it began (all connections were busy, or the client was late). It
   * is part of `totalMs`, so that a slow answer is seen by all the calls that it delayed: no coordinated omission.
   */
  lateMs: ms.optional(),
  /**
   * Of a measured call: when it began, from the begin of the visit's load on, by the monotonic clock. With the other times it says when
   * the call was due (less `lateMs`), when the answer's first byte came, and when it ended: `momentsOf`.
   */
  beginMs: ms.optional(),
  /** Open loop: how long the client itself let the call wait once it was due and its connection was free. Part of `lateMs`. */
  lagMs: ms.optional(),
  /** Where several calls are one query: which of the visit's queries. */
  query: z.number().int().nonnegative().optional(),
  /** The whole. The phases, and `lateMs` where there is one, add up to it. */
  totalMs: ms,
  encodeMs: ms.nullable(),
  sendMs: ms.nullable(),
  waitMs: ms.nullable(),
  receiveMs: ms.nullable(),
  decodeMs: ms.nullable(),
  requestBytes: z.number().int().nullable(),
  responseBytes: z.number().int().nullable(),
  /** The server had not begun the first attempt, and the client made a second: the times are of both together. */
  retried: z.literal(true).optional(),
  /** gRPC: what the server's HTTP/2 windows let through at once, and how often the request had to wait for more (`RequestWindow`). */
  requestWindow: z.object({ bytes: z.number().int(), waits: z.number().int().nonnegative() }).optional(),
  /** Of visits over a link (`tcp` of the visit). */
  tcp: CallTcp.optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type CallMessage = z.infer<typeof CallMessage>;

/** JSON has no NaN and no infinities: a server's come over a line as null. */
const number = z
  .number()
  .nullable()
  .transform((value) => value ?? NaN);

/** The first measured answer of a cell, as plain numbers. */
export const AnswerMessage = z.object({
  type: z.literal("answer"),
  visit: z.number().int(),
  outputs: z.record(z.string(), z.object({ dtype: z.string(), shape: z.array(z.number()), values: z.array(number) })),
  /** How many values there are where they are too many to be kept: then there are no outputs. */
  tooLarge: z.number().int().nonnegative().optional(),
});
export type AnswerMessage = z.infer<typeof AnswerMessage>;

/** How a visit's warm-up went. */
export const WarmupReport = z.object({
  calls: z.number().int().nonnegative(),
  /** `steady`: calls got no faster any more; `calls`, `time`: as many or as long as it may be; `none`: not asked for. */
  ended: z.enum(["steady", "calls", "time", "none"]),
});
export type WarmupReport = z.infer<typeof WarmupReport>;

/** What the client's own process did while a visit's measured calls ran. Milliseconds. */
export const ClientWatch = z.object({
  /** The measured part, from its first call's begin to its last one's end. */
  spanMs: ms,
  /** How late the event loop came to its timers, one every 10 ms. */
  loopMeanMs: ms,
  loopP99Ms: ms,
  loopMaxMs: ms,
  /** Share of the time in which the event loop was busy with calls, 0 to 1: not with waiting for the time of the next. */
  loopBusy: z.number().min(0).max(1),
  /** The longest encoding or decoding of one call: the event loop is late by that much for the calls' own sake. */
  ownWorkMs: ms,
  gcPauses: z.number().int().nonnegative(),
  gcMs: ms,
  gcMaxMs: ms,
  /** How long the client's thread was ready to run and had no processor; absent where the kernel does not say. */
  cpuWaitMs: ms.optional(),
  /** Processor time of the client's process, all its threads; and how much of it went into waiting for the time of a call. */
  cpuMs: ms.optional(),
  spunMs: ms.optional(),
  /** Time that a hypervisor gave to other guests, summed over the client machine's processors; absent where the kernel does not say. */
  stealMs: ms.optional(),
});
export type ClientWatch = z.infer<typeof ClientWatch>;

const total = z.object({ count: z.number(), sumMs: z.number(), stepMs: ms });

/**
 * What a server's own clock said of a visit's measured part: requests for this model over this protocol, and runs of the
 * model, that it answered meanwhile, whoever asked; how long requests waited in its queue, where it tells. Or why it could not be read.
 */
export const ServerReading = z.union([
  z.object({
    ...{ requests: total, runs: total, queue: total.optional() },
    /** The calls of the visit's lead-in are in it, too. */
    leadIn: z.literal(true).optional(),
  }),
  z.object({ unread: z.string() }),
]);
export type ServerReading = z.infer<typeof ServerReading>;

/** A visit is over: every call it made was sent before. `error` says why it could not go on. */
export const VisitedMessage = z.object({
  type: z.literal("visited"),
  visit: z.number().int(),
  error: z.object({ code: z.string(), message: z.string(), opening: z.boolean() }).optional(),
  warmup: WarmupReport.optional(),
  /** Absent where no measured call was begun. */
  client: ClientWatch.optional(),
  server: ServerReading.optional(),
  minRttMs: ms.optional(),
});
export type VisitedMessage = z.infer<typeof VisitedMessage>;

export const FromWorker = z.discriminatedUnion("type", [
  z.object({ type: z.literal("hello"), node: z.string() }),
  CallMessage,
  AnswerMessage,
  VisitedMessage,
]);
export type FromWorker = z.infer<typeof FromWorker>;

/**
 * A line that an agent said.
 *
 * @param who the agent's machine, for the error
 * @throws UserError if it is no message: a login script that prints, or the half of a line
 */
export function messageOfLine(line: string, who: string): FromWorker {
  try {
    return FromWorker.parse(JSON.parse(line));
  } catch (error) {
    const why = error instanceof z.ZodError ? flatIssues(error).map(issueText)[0] : "no JSON";
    throw new UserError({
      what: `the agent on ${who} said something that is no message (${why}): ${show(line)}`,
      expected: "a machine whose shell prints nothing by itself when a command is run over SSH",
      fix: "look into ~/.bashrc and the like there; then: npx lathe bench --resume",
    });
  }
}
