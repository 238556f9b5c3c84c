import type { Load } from "../loads/load.ts";
import { modeOf } from "../loads/registry.ts";
import { fellBehind } from "./backlog.ts";
import { isFlagged } from "./disturbance.ts";
import { median } from "./math/quantile.ts";
import { readLines } from "../records/jsonl.ts";
import type { RunManifest } from "../records/manifest.ts";
import { EndRecord, type OnTorn, VisitRecord } from "../records/records.ts";
import { visitKey, voidIn } from "../records/void-visits.ts";

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
  /** Share of the CPU quota's periods in which it was used up and the server waited; null where no quota holds or none was read. */
  readonly throttledShare: number | null;
  /** Share of the server machine's processors' time that a hypervisor gave to other guests during visits, 0 to 1; null where unread. */
  readonly stealShare: number | null;
  /** What its server used in its visits; absent where no machine says. */
  readonly use?: CellUse;
  /** Open loop: the server did not keep the rate, so the latencies show how long the visits were. */
  readonly behind: boolean;
}

/** What a cell's server used over its visits. */
export interface CellUse {
  /** Processor time of its container and the answers that came meanwhile, of visits that know both. */
  readonly cpuMs: number;
  readonly answers: number;
  /** How long those visits were watched. */
  readonly spanMs: number;
  /** The least memory before a visit, and the most; null: not read. */
  readonly restBytes: number | null;
  readonly peakBytes: number | null;
}

/** What of a run's manifest tells how many processors a cell's server machine has. */
type Machines = { readonly [K in "cells" | "machines"]: readonly Readonly<RunManifest[K][number]>[] };

/** Reads the ends and visits of a run, without void ones. Lines of calls are passed over unread, so this costs little beside the records. */
export async function readConditions(
  path: string,
  manifest: Machines,
  onTorn: OnTorn = () => {},
): Promise<Map<string, CellConditions>> {
  const cellOf = new Map(manifest.cells.map((c) => [c.id, c]));
  const cells = new Map<string, { end: EndRecord | null; readonly visits: VisitRecord[] }>();
  const voids = new Set<string>();
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
      } else for (const key of voidIn(line)) voids.add(key);
    }
  }
  const processorsOf = (cell: string) => processors(manifest, cellOf.get(cell)?.serverMachine);
  return new Map(
    [...cells].map(([cell, { end, visits }]) => {
      const counted = visits.filter((visit) => !voids.has(visitKey(visit)));
      return [cell, conditionsOf(cell, end, counted, processorsOf(cell), cellOf.get(cell)?.load)];
    }),
  );
}

/** How many processors of a machine run: the kernel counts stolen time over all of them. */
function processors({ machines }: Machines, machine: string | undefined): number {
  return Math.max(1, machines.find((m) => m.id === machine)?.facts.cpu.logical.filter((l) => l.online).length ?? 1);
}

function conditionsOf(
  cell: string,
  end: EndRecord | null,
  visits: readonly VisitRecord[],
  processors: number,
  load: Load | undefined,
): CellConditions {
  const stolen = share(
    visits.flatMap(({ use }) => (use?.stealMs === undefined ? [] : [[use.stealMs, use.spanMs * processors] as const])),
  );
  const disturbances = visits.map((v) => v.disturbed).filter((some) => some.length > 0);
  return {
    cell,
    end: end && { reason: end.reason, n: end.n, precision: end.precision, stable: end.stable },
    visits: visits.length,
    disturbedVisits: disturbances.length,
    disturbances: disturbances.toSorted((a, b) => b.length - a.length)[0] ?? [],
    flagged: isFlagged(visits.length, disturbances.length),
    throttledShare: share(
      visits.flatMap(({ use }) => (use?.quota ? [[use.quota.throttledPeriods, use.quota.periods] as const] : [])),
    ),
    ...useOf(visits),
    stealShare: stolen === null ? null : Math.min(1, stolen),
    behind: behindOf(visits, load),
  };
}

function behindOf(visits: readonly VisitRecord[], load: Load | undefined): boolean {
  const judged = visits.flatMap(({ backlogCalls, calls = 0 }) =>
    backlogCalls === undefined ? [] : [{ backlogCalls, calls }],
  );
  const backlogs = judged.map((v) => v.backlogCalls);
  const random = load !== undefined && modeOf(load).gapShare !== undefined;
  return fellBehind(backlogs, random ? median(judged.map((v) => v.calls)) : undefined);
}

function useOf(visits: readonly VisitRecord[]): { use?: CellUse } {
  const uses = visits.flatMap((v) => v.use ?? []);
  if (uses.length === 0) return {};
  const told = uses.flatMap(({ spanMs, cpuMs, answers }) =>
    cpuMs === undefined || answers === undefined ? [] : [{ spanMs, cpuMs, answers }],
  );
  const rest = uses.flatMap((u) => u.memoryBeforeBytes ?? []);
  const peak = uses.flatMap((u) => u.peakMemoryBytes ?? u.memoryBytes ?? []);
  return {
    use: {
      cpuMs: told.reduce((sum, t) => sum + t.cpuMs, 0),
      answers: told.reduce((sum, t) => sum + t.answers, 0),
      spanMs: told.reduce((sum, t) => sum + t.spanMs, 0),
      restBytes: rest.length === 0 ? null : Math.min(...rest),
      peakBytes: peak.length === 0 ? null : Math.max(...peak),
    },
  };
}

/** The sum of the parts over the sum of the wholes; null where there are none. */
function share(parts: readonly (readonly [part: number, whole: number])[]): number | null {
  const sum = (of: 0 | 1) => parts.reduce((total, part) => total + part[of], 0);
  return sum(1) > 0 ? sum(0) / sum(1) : null;
}
