import type { CallMessage } from "../run/agent/protocol.ts";
import type { CallRecord } from "../records/records.ts";

/** A measured call that went well, as a worker tells of it, for tests; `parts` says what is different. */
export function callMessage(parts: Partial<CallMessage> = {}): CallMessage {
  return {
    ...{ type: "call", visit: 0, phase: "measure", at: "2026-01-01T00:00:00.000Z", ok: true, totalMs: 10 },
    ...{ encodeMs: null, sendMs: null, waitMs: null, receiveMs: null, decodeMs: null },
    ...{ requestBytes: 5, responseBytes: 6 },
    ...parts,
  };
}

/** The same as a record. */
export function callRecord(cell: string, round: number, totalMs: number, parts: Partial<CallRecord> = {}): CallRecord {
  const { visit: _, ...call } = callMessage({ totalMs });
  return { ...call, cell, round, ...parts };
}
