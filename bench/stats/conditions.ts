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
  /** Open loop: the server did not keep the rate, so the latencies show how long the visits were. */
  readonly behind: boolean;
}

/** Reads the ends and visits of a run. Lines of calls are passed over unread, so this costs little beside the records. */
export async function readConditions(path: string, onTorn: OnTorn = () => {}): Promise<Map<string, CellConditions>> {
  const cells = new Map<string, { end: EndRecord | null; readonly visits: VisitRecord[] }>();
  const of = (cell: string) => {
    const found = cells.get(cell) ?? { end: null, visits: [] };
    cells.set(cell, found);
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
        if (visit !== undefined) of(visit.cell).visits.push(visit);
      }
    }
  }
  return new Map([...cells].map(([cell, { end, visits }]) => [cell, conditionsOf(cell, end, visits)]));
}

function conditionsOf(cell: string, end: EndRecord | null, visits: readonly VisitRecord[]): CellConditions {
  const disturbances = visits.map((v) => v.disturbed).filter((some) => some.length > 0);
  return {
    cell,
    end: end && { reason: end.reason, n: end.n, precision: end.precision, stable: end.stable },
    visits: visits.length,
    disturbedVisits: disturbances.length,
    disturbances: disturbances.toSorted((a, b) => b.length - a.length)[0] ?? [],
    flagged: isFlagged(visits.length, disturbances.length),
    behind: fellBehind(visits.flatMap((v) => v.backlogCalls ?? [])),
  };
}
