import { exists } from "../../lib/cache/cached.ts";
import { readJournal } from "../records/records.ts";

/** What earlier sessions of a run have come to. */
export interface SoFar {
  /** Latencies of measured calls, by cell, in order, by visit. */
  readonly already: ReadonlyMap<string, readonly (readonly number[])[]>;
  /** Cells whose end, other than by budget or failure, is recorded. */
  readonly ended: ReadonlySet<string>;
  /** The first round that no session has begun. */
  readonly firstRound: number;
}

/**
 * What earlier sessions of the run measured (by visit) and ended, and the round to go on with: a new one. Cells that were
 * visited in the interrupted round are not visited twice in it, and the others' visits are not taken for the same time.
 */
export async function progressSoFar(path: string): Promise<SoFar> {
  const already = new Map<string, number[][]>();
  const rounds = new Map<string, number>();
  const ended = new Set<string>();
  let firstRound = 0;
  if (await exists(path)) {
    for await (const record of readJournal(path)) {
      firstRound = Math.max(firstRound, record.round + 1);
      if (record.type === "call" && record.ok && record.phase === "measure") {
        const visits = already.get(record.cell) ?? [];
        if (rounds.get(record.cell) === record.round) visits.at(-1)?.push(record.totalMs);
        else visits.push([record.totalMs]);
        already.set(record.cell, visits);
        rounds.set(record.cell, record.round);
      }
      if (record.type === "failure" && record.error.void === true) {
        ended.delete(record.cell);
        if (rounds.get(record.cell) === record.round) already.get(record.cell)?.pop();
      }
      if (record.type === "end" && (record.reason === "precision" || record.reason === "requests"))
        ended.add(record.cell);
    }
  }
  return { already, ended, firstRound };
}
