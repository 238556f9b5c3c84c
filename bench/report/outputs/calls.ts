import { join } from "node:path";
import { type CallRecord, momentsOf, readJournal } from "../../records/records.ts";
import { visitKey, voidVisits } from "../../records/void-visits.ts";
import { PHASES } from "../../stats/visits.ts";
import { type Value, coordinatesOf, field } from "../csv.ts";
import type { ReportInputs } from "../section.ts";
import type { RunReport } from "./output.ts";

/** Lines that are handed on at once. */
const PIECE = 1000;

/**
 * Every call of a run, warm-ups, failed and void ones too, in the order in which they were made: one line each, with its cell's
 * coordinates as columns, so that a notebook needs no other file. Milliseconds and bytes; empty where something is not known.
 * RFC 4180, UTF-8. In pieces, because a run may have a million calls.
 */
export async function* callsCsv({ dir, inputs }: RunReport): AsyncGenerator<string> {
  const cells = new Map(inputs.cells.map((cell) => [cell.id, coordinates(cell, inputs)]));
  const path = join(dir, "records.jsonl");
  // That a visit is void is recorded after its calls.
  const voids = await voidVisits(path);
  let lines: string[] = [];
  let head = false;
  for await (const record of readJournal(path)) {
    const cell = record.type === "call" ? cells.get(record.cell) : undefined;
    if (record.type !== "call" || cell === undefined) continue;
    const row = { ...cell, ...measured(record, voids.has(visitKey(record))) };
    if (!head) lines.push(Object.keys(row).join(","));
    head = true;
    lines.push(Object.values(row).map(field).join(","));
    if (lines.length < PIECE) continue;
    yield `${lines.join("\r\n")}\r\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join("\r\n")}\r\n`;
}

function coordinates(cell: ReportInputs["cells"][number], { manifest, axes }: ReportInputs): Record<string, Value> {
  const server = manifest.servers.find((s) => s.id === cell.server);
  return {
    ...coordinatesOf(cell, manifest.id, axes),
    server_stand_in: server?.standIn,
  };
}

function measured(call: CallRecord, isVoid: boolean): Record<string, Value> {
  const moments = momentsOf(call);
  return {
    round: call.round,
    warmup: call.phase === "warmup",
    at: call.at,
    ok: call.ok,
    void: isVoid,
    error: call.error?.code,
    total_ms: call.totalMs,
    ...Object.fromEntries(PHASES.map((phase) => [phase.replace(/Ms$/, "_ms"), call[phase]])),
    due_ms: moments?.dueMs,
    begin_ms: moments?.beginMs,
    first_byte_ms: moments?.firstByteMs,
    end_ms: moments?.endMs,
    lag_ms: call.lagMs,
    query: call.query,
    request_bytes: call.requestBytes,
    response_bytes: call.responseBytes,
  };
}
