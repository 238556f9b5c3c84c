import type { Tensor } from "../../../clients/client.ts";
import type { Clock } from "../../loads/clock.ts";
import type { LoadCall } from "../../loads/load.ts";
import type { AnswerMessage, CallMessage, VisitedMessage } from "./protocol.ts";

const UNSEEN = { encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null };

/** A call as it is reported. Where it was due at some time, its latency counts from then. */
export function callMessage(visit: number, phase: CallMessage["phase"], call: LoadCall, clock: Clock): CallMessage {
  const { result, startAt, intendedAt } = call;
  const wall = (at: number) => new Date(Date.now() - (clock.now() - at)).toISOString();
  const lateMs = intendedAt === null ? 0 : Math.max(0, startAt - intendedAt);
  return {
    type: "call",
    visit,
    phase,
    at: wall(startAt),
    ...(intendedAt === null ? {} : { intendedAt: wall(intendedAt), lateMs }),
    ok: result.ok,
    ...(result.ok ? result.timing : UNSEEN),
    totalMs: lateMs + (result.ok ? result.timing.totalMs : result.totalMs),
    requestBytes: result.ok ? result.requestBytes : null,
    responseBytes: result.ok ? result.responseBytes : null,
    ...(result.ok ? {} : { error: result.error }),
  };
}

/** An answer's tensors as plain numbers; strings are left out. */
export function answerMessage(visit: number, outputs: Readonly<Record<string, Tensor>>): AnswerMessage {
  const plain: AnswerMessage["outputs"] = {};
  for (const [name, { dtype, shape, data }] of Object.entries(outputs))
    if (dtype !== "DT_STRING")
      plain[name] = { dtype, shape: [...shape], values: Array.from(data as ArrayLike<number | bigint>, Number) };
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
