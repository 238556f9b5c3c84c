import type { CallResult, Timing } from "../../../../clients/client.ts";
import type { LoadCall } from "../../../loads/load.ts";

type Answered = Extract<CallResult, { ok: true }>;
/** What of an answered call is no number: rare, or small. */
type More = Omit<Answered, "ok" | "outputs" | "timing" | "requestBytes" | "responseBytes">;

/** The numbers of a call, in the order in which they are kept; NaN for one that is not there. */
const PHASES = ["encodeMs", "sendMs", "waitMs", "receiveMs", "decodeMs"] as const satisfies readonly (keyof Timing)[];
const AT = {
  start: 0,
  intended: 1,
  ready: 2,
  query: 3,
  leadIn: 4,
  requestBytes: 5,
  responseBytes: 6,
  total: 7,
  phases: 8,
};
const WIDTH = AT.phases + PHASES.length;
const CALLS_A_CHUNK = 4096;

/** A field that a call gets anew must be kept here, too: this line fails to compile until it is. */
type Kept = "result" | "startAt" | "intendedAt" | "leadIn" | "readyAt" | "query";
const allKept: Exclude<keyof LoadCall, Kept> extends never ? true : never = true;
void allKept;

const known = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value);

/**
 * The calls of a visit, kept until its load is over; their outputs are not. They lie where the garbage collector does not look: it would stop
 * the loop for a millisecond or two, several times a second, to move thousands of small objects. What failed is kept as it is.
 */
export class CallLog {
  readonly #chunks: Float64Array[] = [];
  readonly #more = new Map<number, More>();
  readonly #failed = new Map<number, LoadCall>();
  #length = 0;

  add(call: LoadCall): void {
    const index = this.#length++;
    const first = (index % CALLS_A_CHUNK) * WIDTH;
    if (first === 0) this.#chunks.push(new Float64Array(CALLS_A_CHUNK * WIDTH));
    const { result } = call;
    if (!result.ok) return void this.#failed.set(index, call);
    const row = this.#chunks[this.#chunks.length - 1] as Float64Array;
    const { ok: _ok, outputs: _outputs, timing, requestBytes, responseBytes, ...more } = result;
    row[first + AT.start] = call.startAt;
    row[first + AT.intended] = call.intendedAt ?? NaN;
    row[first + AT.ready] = call.readyAt ?? NaN;
    row[first + AT.query] = call.query ?? NaN;
    row[first + AT.leadIn] = call.leadIn ? 1 : 0;
    row[first + AT.requestBytes] = requestBytes;
    row[first + AT.responseBytes] = responseBytes;
    row[first + AT.total] = timing.totalMs;
    for (let i = 0; i < PHASES.length; i++) row[first + AT.phases + i] = timing[PHASES[i] as keyof Timing] ?? NaN;
    for (const _ in more) return void this.#more.set(index, more);
  }

  /** The calls in the order in which they were added. */
  *calls(): Generator<LoadCall> {
    for (let index = 0; index < this.#length; index++) yield this.#failed.get(index) ?? this.#call(index);
  }

  #call(index: number): LoadCall {
    const first = (index % CALLS_A_CHUNK) * WIDTH;
    const row = this.#chunks[Math.floor(index / CALLS_A_CHUNK)] as Float64Array;
    const at = (place: number) => row[first + place] as number;
    const phases = Object.fromEntries(PHASES.map((name, i) => [name, known(at(AT.phases + i)) ?? null]));
    const [readyAt, query] = [known(at(AT.ready)), known(at(AT.query))];
    return {
      result: {
        ok: true,
        outputs: {},
        timing: { ...(phases as Omit<Timing, "totalMs">), totalMs: at(AT.total) },
        requestBytes: at(AT.requestBytes),
        responseBytes: at(AT.responseBytes),
        ...this.#more.get(index),
      },
      startAt: at(AT.start),
      intendedAt: known(at(AT.intended)) ?? null,
      leadIn: at(AT.leadIn) === 1,
      ...(readyAt === undefined ? {} : { readyAt }),
      ...(query === undefined ? {} : { query }),
    };
  }
}
