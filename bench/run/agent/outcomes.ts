import type { Tensor } from "../../../clients/client.ts";
import { isNumberType, valuesOf } from "../../../clients/tensors.ts";
import type { Clock } from "../../loads/clock.ts";
import type { LoadCall } from "../../loads/load.ts";
import type { AnswerMessage, CallMessage, VisitedMessage } from "./protocol.ts";

const UNSEEN = { encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null };

/** Clocks are no finer, and records no longer than they must be: to a tenth of a microsecond. */
const fine = (ms: number) => Math.round(Math.max(0, ms) * 1e4) / 1e4;

/** What is known of a call besides. */
export interface AboutCall {
  /** When the visit's load began; absent for calls of no load. */
  readonly beganAt?: number;
  /** What the kernel told of its connection. */
  readonly tcp?: CallMessage["tcp"];
}

/** A call as it is reported. Where it was due at some time, its latency counts from then. */
export function callMessage(
  visit: number,
  phase: CallMessage["phase"],
  call: LoadCall,
  clock: Clock,
  { beganAt, tcp }: AboutCall = {},
): CallMessage {
  const { result, startAt, intendedAt, readyAt, query } = call;
  const wall = (at: number) => new Date(Date.now() - (clock.now() - at)).toISOString();
  const lateMs = intendedAt === null ? 0 : Math.max(0, startAt - intendedAt);
  return {
    type: "call",
    visit,
    phase,
    at: wall(startAt),
    ...(intendedAt === null ? {} : { intendedAt: wall(intendedAt), lateMs }),
    ...(beganAt === undefined ? {} : { beginMs: fine(startAt - beganAt) }),
    ...(intendedAt === null || readyAt === undefined ? {} : { lagMs: fine(startAt - readyAt) }),
    ...(query === undefined ? {} : { query }),
    ok: result.ok,
    ...(result.ok ? result.timing : UNSEEN),
    totalMs: lateMs + (result.ok ? result.timing.totalMs : result.totalMs),
    requestBytes: result.ok ? result.requestBytes : null,
    responseBytes: result.ok ? result.responseBytes : null,
    ...(result.retried === true ? { retried: true } : {}),
    ...(result.ok && result.requestWindow !== undefined ? { requestWindow: result.requestWindow } : {}),
    ...(tcp && { tcp }),
    ...(result.ok ? {} : { error: result.error }),
  };
}

/** A kept answer takes no more characters: half of the longest line that is read again, and a million values. */
const LONGEST_ANSWER = 2 ** 25;
/** What one value or size takes at most as JSON, and an output besides; a name may take six times its length. */
const CHARACTERS = { value: 25, output: 100, name: 6 };

/**
 * An answer's tensors as plain numbers; strings and types without values are left out. One that is too large to be kept is counted
 * instead: it must end neither the worker nor the report.
 */
export function answerMessage(visit: number, outputs: Readonly<Record<string, Tensor>>): AnswerMessage {
  const shown = Object.entries(outputs).filter(([, { dtype }]) => isNumberType(dtype));
  const characters = shown.reduce((sum, [name, { shape, data }]) => {
    return sum + CHARACTERS.output + CHARACTERS.name * name.length + CHARACTERS.value * (shape.length + data.length);
  }, 0);
  if (characters > LONGEST_ANSWER)
    return { type: "answer", visit, outputs: {}, tooLarge: shown.reduce((sum, [, { data }]) => sum + data.length, 0) };
  const plain: AnswerMessage["outputs"] = Object.fromEntries(
    shown.map(([name, tensor]) => {
      const values = Array.from(valuesOf(tensor) ?? [], Number);
      return [name, { dtype: tensor.dtype, shape: [...tensor.shape], values }];
    }),
  );
  return { type: "answer", visit, outputs: plain };
}

/** Why a visit ends early: thrown by its parts, and made a message of by the worker. */
export class VisitFault extends Error {
  readonly error: NonNullable<VisitedMessage["error"]>;

  /** @param opening whether there was no connection yet */
  constructor(code: string, message: string, opening: boolean) {
    super(message);
    this.error = { code, message, opening };
  }
}
