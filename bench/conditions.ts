import { isFlagged } from "./disturbance.ts";
import { readLines } from "./jsonl.ts";
import { EndRecord, type OnTorn, VisitRecord } from "./records.ts";

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
}

/** Reads the ends and visits of a run. Lines of calls are passed over unread, so this costs little beside the records. */
export async function readConditions(path: string, onTorn: OnTorn = () => {}): Promise<Map<string, CellConditions>> {
  const cells = new Map<string, { end: EndRecord | null; visits: number; disturbed: string[][] }>();
  const of = (cell: string) => {
    let found = cells.get(cell);
    if (found === undefined) cells.set(cell, (found = { end: null, visits: 0, disturbed: [] }));
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
        if (visit.disturbed.length > 0) of(visit.cell).disturbed.push(visit.disturbed);
      }
    }
  }
  return new Map(
    [...cells].map(([cell, { end, visits, disturbed }]) => [
      cell,
      {
        cell,
        end: end && { reason: end.reason, n: end.n, precision: end.precision, stable: end.stable },
        visits,
        disturbedVisits: disturbed.length,
        disturbances: [...disturbed].sort((a, b) => b.length - a.length)[0] ?? [],
        flagged: isFlagged(visits, disturbed.length),
      },
    ]),
  );
}

const REASONS = {
  precision: "as precise as asked for",
  requests: "at their number of calls",
  budget: "when the time was up",
  failed: "with a failure",
} as const;

/** Most cells that a list names; the rest is counted. */
const LISTED = 8;

/** The conditions of a run for people; empty where nothing is known of them. */
export function formatConditions(conditions: ReadonlyMap<string, CellConditions>): string {
  const all = [...conditions.values()];
  if (all.length === 0) return "";
  const ended = Object.entries(REASONS)
    .map(([reason, words]) => [all.filter((c) => c.end?.reason === reason).length, words] as const)
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${count} ${words}`);
  const open = all.filter((c) => c.end === null).length;
  const unstable = all.filter((c) => c.end?.stable === false);
  const flagged = all.filter((c) => c.flagged);
  const list = (cells: readonly CellConditions[], line: (c: CellConditions) => string) => [
    ...cells.slice(0, LISTED).map((c) => `  ${c.cell}${line(c)}`),
    ...(cells.length > LISTED ? [`  and ${cells.length - LISTED} more: tables.json, conditions`] : []),
  ];
  return [
    "How the cells ended",
    `Of ${all.length} cells ended ${[...ended, ...(open > 0 ? [`${open} not yet`] : [])].join(", ")}.`,
    unstable.length === 0 ? "" : `${unstable.length} still drifted (their last three windows of ten calls differ):`,
    ...list(unstable, () => ""),
    flagged.length === 0
      ? "No cell was disturbed by its own client."
      : `${flagged.length} were disturbed by their own client: read their times with care.`,
    ...list(flagged, (c) => `: ${c.disturbedVisits} of ${c.visits} visits; ${c.disturbances.join("; ")}`),
  ]
    .filter((line) => line !== "")
    .join("\n");
}
