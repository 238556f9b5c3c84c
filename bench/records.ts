import { appendFileSync, closeSync, createReadStream, openSync, readFileSync, statSync, truncateSync } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";
import { UserError } from "../lib/errors.ts";
import { CallMessage } from "./agent/protocol.ts";

const where = { cell: z.string(), round: z.number().int().nonnegative() };

/** One line of `records.jsonl`: a call that was made. */
export const CallRecord = CallMessage.omit({ visit: true, type: true }).extend({ type: z.literal("call"), ...where });
export type CallRecord = z.infer<typeof CallRecord>;

/** One line of `records.jsonl`: a visit that could not be made or go on, and why. */
export const FailureRecord = z.object({
  type: z.literal("failure"),
  ...where,
  at: z.string(),
  error: z.object({ code: z.string(), message: z.string() }),
});
export type FailureRecord = z.infer<typeof FailureRecord>;

export const BenchRecord = z.discriminatedUnion("type", [CallRecord, FailureRecord]);
export type BenchRecord = z.infer<typeof BenchRecord>;

/**
 * Appends records to a JSONL file. Each line is handed to the kernel in one write before the next call is made, so a
 * killed run loses no call that was answered; at most its last line is torn, which `repairTail` cuts off.
 */
export class RecordWriter {
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, "a");
  }

  append(record: BenchRecord): void {
    appendFileSync(this.#fd, `${JSON.stringify(record)}\n`);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/**
 * Cuts a torn last line off a JSONL file that a killed run left behind.
 *
 * @returns how many bytes were cut; 0 where the file ends as it should or is not there
 */
export function repairTail(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return 0;
  const text = readFileSync(path);
  const keep = text.lastIndexOf(0x0a) + 1;
  if (keep === size) return 0;
  truncateSync(path, keep);
  return size - keep;
}

/**
 * Reads records one at a time.
 *
 * @throws UserError naming file and line where a line is not a record of this version
 */
export async function* readRecords(path: string): AsyncGenerator<BenchRecord> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    number += 1;
    if (line === "") continue;
    yield parseRecord(line, `${path}:${number}`);
  }
}

function parseRecord(line: string, place: string): BenchRecord {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new UserError({ what: `${place}: not JSON: ${line.slice(0, 60)}`, expected: "one record a line" });
  }
  const parsed = BenchRecord.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new UserError({
    what: `${place}: not a record: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`,
    expected: "a record as this version of Lathe writes it",
  });
}
