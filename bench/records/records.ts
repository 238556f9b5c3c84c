import { z } from "zod";
import { type Fault, UserError } from "../../lib/errors.ts";
import { jsonOf } from "../../lib/json.ts";
import { quote } from "../../lib/quote.ts";
import { show } from "../../lib/show.ts";
import { flatIssues, issueText } from "../../lib/zod-faults.ts";
import { CallMessage, ClientWatch, ServerReading, WarmupReport } from "../run/agent/protocol.ts";
import { LinkRecord } from "./link-facts.ts";
import { ServerUse } from "./server-use.ts";
import { JsonlWriter, readLines, type Lines } from "./jsonl.ts";

/** Version of the lines of `records.jsonl`; each line carries it as `v`, so that a part of a file has it too. */
export const RECORDS_VERSION = 3;

const where = { cell: z.string(), round: z.number().int().nonnegative() };

/** One line of `records.jsonl`: a call that was made. */
export const CallRecord = CallMessage.omit({ visit: true, type: true }).extend({ type: z.literal("call"), ...where });
export type CallRecord = z.infer<typeof CallRecord>;

/** When a call was due, began, had its answer's first byte, and ended: milliseconds from the begin of its visit's load on. */
export interface Moments {
  readonly dueMs: number;
  readonly beginMs: number;
  /** Null if the client does not see it, or the call failed. */
  readonly firstByteMs: number | null;
  readonly endMs: number;
}

/** The moments of a measured call; undefined for records from before they were kept. Pure. */
export function momentsOf(call: CallRecord): Moments | undefined {
  const { beginMs, lateMs = 0, encodeMs, sendMs, waitMs, totalMs } = call;
  if (beginMs === undefined) return undefined;
  const seen = encodeMs !== null && sendMs !== null && waitMs !== null;
  return {
    dueMs: beginMs - lateMs,
    beginMs,
    firstByteMs: seen ? beginMs + encodeMs + sendMs + waitMs : null,
    endMs: beginMs - lateMs + totalMs,
  };
}

/** One line of `records.jsonl`: a visit that could not be made or go on, and why. */
export const FailureRecord = z.object({
  type: z.literal("failure"),
  ...where,
  at: z.string(),
  /** `client`: the client machine failed, so nothing is known of the server. `void`: the visit's calls did not go over their link. */
  error: z.object({
    ...{ code: z.string(), message: z.string() },
    ...{ client: z.literal(true).optional(), void: z.literal(true).optional() },
  }),
});
export type FailureRecord = z.infer<typeof FailureRecord>;

/** One line of `records.jsonl`, after a visit's calls: how its warm-up ended, and what the client machine did meanwhile. */
export const VisitRecord = z.object({
  type: z.literal("visit"),
  ...where,
  at: z.string(),
  warmup: WarmupReport,
  client: ClientWatch,
  /** What the server's own clock said of the measured calls; absent where the server has no metrics. */
  server: ServerReading.optional(),
  /** What the server used meanwhile; absent where its machine does not say. */
  use: ServerUse.optional(),
  /** Why this visit's times are in part the client's own doing; empty if it left them alone. */
  disturbed: z.array(z.string()),
  /** Measured calls that succeeded; absent in records from before it was kept. */
  calls: z.number().int().nonnegative().optional(),
  /** What the visit's random times were drawn from; absent where its load draws none. */
  seed: z.number().int().optional(),
  /** Open loop: by how many calls the server fell behind in this visit (backlog.ts); absent in closed loops and where calls are few. */
  backlogCalls: z.number().optional(),
  /** Remote, and over no link: the shortest round trip that the client's kernel has seen of its connections; absent where it does not say. */
  minRttMs: z.number().nonnegative().optional(),
});
export type VisitRecord = z.infer<typeof VisitRecord>;

/** One line of `records.jsonl`: a cell is done, and why. A later session may go on with a cell that the budget ended. */
export const EndRecord = z.object({
  type: z.literal("end"),
  ...where,
  at: z.string(),
  reason: z.enum(["precision", "requests", "budget", "failed"]),
  /** Measured calls that succeeded. */
  n: z.number().int().nonnegative(),
  /** Distance of the median's 95 % interval from it, as a fraction of it; null if n is too small for an interval. */
  precision: z.number().nullable(),
  /** Whether the last three windows agree; null if n is too small for three windows. */
  stable: z.boolean().nullable(),
});
export type EndRecord = z.infer<typeof EndRecord>;

/** All that statistics need. */
export const BenchRecord = z.discriminatedUnion("type", [CallRecord, FailureRecord]);
export type BenchRecord = z.infer<typeof BenchRecord>;

/** Every line there is. */
export const JournalRecord = z.discriminatedUnion("type", [
  CallRecord,
  FailureRecord,
  VisitRecord,
  EndRecord,
  LinkRecord,
]);
export type JournalRecord = z.infer<typeof JournalRecord>;

/** Appends records to a run's `records.jsonl`. */
export class RecordWriter extends JsonlWriter {
  override append(record: JournalRecord): void {
    super.append({ v: RECORDS_VERSION, ...record });
  }
}

/** Called once where a file's last line is torn, with its length in characters: the run goes on or was killed. */
export type OnTorn = (characters: number) => void;

const MOST_DAMAGED = 20;

/** A line that is no record, and what to do about it. */
interface Damage {
  readonly line: number;
  readonly fault: Fault;
  /** The line is whole but of another version: nothing to take out. */
  readonly otherVersion: boolean;
}

/**
 * Reads all lines, one at a time. A torn last line is left out, for it was never whole.
 *
 * @throws UserError naming file and line of every line that is not a record of this version, and how to take them out
 */
export async function* readJournal(path: string, onTorn: OnTorn = () => {}): AsyncGenerator<JournalRecord> {
  const damaged: Damage[] = [];
  for await (const lines of readLines(path)) {
    for (const record of recordsOf(lines, path, onTorn, (damage) => damaged.push(damage)))
      // After a damaged line nothing is believed any more; the rest is only looked at for others.
      if (damaged.length === 0) yield record;
    if (damaged.length >= MOST_DAMAGED || damaged.some((d) => d.otherVersion)) break;
  }
  if (damaged.length > 0) throw damageFault(path, damaged.slice(0, MOST_DAMAGED));
}

/** The records of some lines; `path` names them in faults. Pure. */
export function* recordsOf(
  { lines, first, torn }: Lines,
  path: string,
  onTorn: OnTorn,
  onDamage: (damage: Damage) => void = (damage) => {
    throw damageFault(path, [damage]);
  },
): Generator<JournalRecord> {
  for (const [index, line] of lines.entries()) {
    if (line === "") continue;
    const value = jsonOf(line);
    if (value === undefined && torn) onTorn(line.length);
    else {
      const record = recordOf(value, line, `${path}:${first + index}`);
      if ("fault" in record) onDamage({ line: first + index, ...record });
      else yield record;
    }
  }
}

function damageFault(path: string, damaged: readonly Damage[]): UserError {
  const out = damaged.filter((d) => !d.otherVersion).map((d) => `${d.line}d`);
  const fix = `take ${out.length === 1 ? "it" : "them"} out (a copy stays as .bak): sed -i.bak ${quote(out.join(";"))} ${quote(path)}`;
  return new UserError(
    damaged.map(({ fault }, i) => (i === damaged.length - 1 && out.length > 0 ? { fix, ...fault } : fault)),
  );
}

/** Reads calls and failures one at a time, as `readJournal`. */
export async function* readRecords(path: string, onTorn?: OnTorn): AsyncGenerator<BenchRecord> {
  for await (const record of readJournal(path, onTorn))
    if (record.type === "call" || record.type === "failure") yield record;
}

function recordOf(value: unknown, line: string, place: string): JournalRecord | Omit<Damage, "line"> {
  const damage = (what: string, expected: string) => ({
    fault: { what: `${place}: ${what}`, expected },
    otherVersion: false,
  });
  if (value === undefined) return damage(`not JSON: ${show(line, 60)}`, "one record a line");
  const parsed = JournalRecord.safeParse(value);
  const version = typeof value === "object" && value !== null && "v" in value ? value.v : undefined;
  // A line that has no version and is no record either is only damaged.
  if (version !== RECORDS_VERSION && (version !== undefined || parsed.success))
    return {
      otherVersion: true,
      fault: {
        what: `${place}: a record of ${version === undefined ? "the first version" : `version ${show(version)}`}`,
        expected: `version ${RECORDS_VERSION}, which this Lathe writes and reads`,
        fix: "read the run with the version of Lathe that wrote it: its run.json names the commit",
      },
    };
  if (parsed.success) return parsed.data;
  const [why = ""] = flatIssues(parsed.error).map(issueText);
  return damage(`not a record: ${why}`, "a record as this version of Lathe writes it");
}
