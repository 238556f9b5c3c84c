import { fellBehind } from "./backlog.ts";
import { isFlagged } from "./disturbance.ts";
import { readLines } from "../records/jsonl.ts";
import { EndRecord, type OnTorn, VisitRecord } from "../records/records.ts";

/** Under which conditions a cell was measured: how it ended, and whether its own client disturbed it. */
export interface CellConditions {
  readonly cell: string;
  /** Null where the run was killed before the cell's end. */
  readonly end: Pick<EndRecord, "reason" | "n" | "precision" | "stable"> | null;
  readonly visits: number;
  readonly disturbedVisits: number;
  /** What disturbed the worst of them. */
  readonly disturbances: readonly string[];
  /** So many visits were disturbed that the cell's times are in part the client's own. */
  readonly flagged: boolean;
  /** Open loop: the server did not keep the rate, so the latencies tell how long the visits were. */
  readonly behind: boolean;
}

/** Reads the ends and visits of a run. Lines of calls are passed over unread, so this costs little beside the records. */
export async function readConditions(path: string, onTorn: OnTorn = () => {}): Promise<Map<string, CellConditions>> {
  const cells = new Map<string, { end: EndRecord | null; visits: number; disturbed: string[][]; backlogs: number[] }>();
  const of = (cell: string) => {
    let found = cells.get(cell);
    if (found === undefined) cells.set(cell, (found = { end: null, visits: 0, disturbed: [], backlogs: [] }));
    return found;
  };
  for await (const { lines, torn } of readLines(path)) {
    if (torn) lines.forEach((line) => line.endsWith("}") || onTorn(line.length));
    for (const line of torn ? [] : lines) {
      if (line.includes('"type":"end"')) {
        const end = EndRecord.safeParse(JSON.parse(line)).data;
        if (end !== undefined) of(end.cell).end = end;
      } else if (line.includes('"type":"visit"')) {
        const visit = VisitRecord.safeParse(JSON.parse(line)).data;
        if (visit === undefined) continue;
        of(visit.cell).visits += 1;
        if (visit.backlogCalls !== undefined) of(visit.cell).backlogs.push(visit.backlogCalls);
        if (visit.disturbed.length > 0) of(visit.cell).disturbed.push(visit.disturbed);
      }
    }
  }
  return new Map(
    [...cells].map(([cell, { end, visits, disturbed, backlogs }]) => [
      cell,
      {
        cell,
        end: end && { reason: end.reason, n: end.n, precision: end.precision, stable: end.stable },
        visits,
        disturbedVisits: disturbed.length,
        disturbances: [...disturbed].sort((a, b) => b.length - a.length)[0] ?? [],
        flagged: isFlagged(visits, disturbed.length),
        behind: fellBehind(backlogs),
      },
    ]),
  );
}
