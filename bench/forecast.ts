import { join } from "node:path";
import { exists } from "../lib/cached.ts";
import type { Cell } from "./cell.ts";
import { type Limits, limitsFor, warmupSize } from "./limits.ts";
import { COMBINATIONS, EXPERIMENTS, publishedMs } from "./paper/published.ts";
import { readRecords } from "./records.ts";

/** How long a run will take. */
export interface Forecast {
  /** Every cell reaches its precision with its least number of calls. */
  readonly soonestMs: number;
  /** No cell reaches its precision: each has all its calls, or the budget ends the run. */
  readonly latestMs: number;
  /** Measured calls of the run, at least and at most. The budget may allow for fewer. */
  readonly calls: readonly [number, number];
  /** Cells whose calls an earlier run timed; the others go by rough figures. */
  readonly fromRecords: number;
}

/** What a call of a cell takes, and how that is known. */
export type CallTime = (cell: Cell) => { readonly callMs: number; readonly fromRecords: boolean };

/** Estimates a run from the time of its calls. What opening connections and shuffling takes is not counted. */
export function forecast(cells: readonly Cell[], run: Limits, callTime: CallTime): Forecast {
  let [soonestMs, latestMs, firstRoundMs, least, most, fromRecords] = [0, 0, 0, 0, 0, 0];
  for (const cell of cells) {
    const limits = limitsFor(run, cell.limits);
    const time = callTime(cell);
    const calls = limits.precision === null ? limits.requests : Math.min(limits.minRequests, limits.requests);
    soonestMs += cellMs(cell, limits, time.callMs, calls);
    latestMs += cellMs(cell, limits, time.callMs, limits.requests);
    firstRoundMs += cellMs(cell, limits, time.callMs, 1);
    least += calls;
    most += limits.requests;
    fromRecords += time.fromRecords ? 1 : 0;
  }
  const within = (ms: number) => (run.budgetMs === null ? ms : Math.min(ms, Math.max(run.budgetMs, firstRoundMs)));
  return { soonestMs: within(soonestMs), latestMs: within(latestMs), calls: [least, most], fromRecords };
}

function cellMs(cell: Cell, limits: Limits, callMs: number, calls: number): number {
  const paceMs = cell.ratePerSecond === undefined ? callMs / (cell.concurrency ?? 1) : 1000 / cell.ratePerSecond;
  const perVisit = Math.min(limits.blockRequests, Math.floor(limits.blockMs / paceMs) + 1);
  const warmup = (input: boolean) => warmupSize({ model: true, input, callMs }, limits).atLeast;
  return calls * paceMs + (warmup(false) + warmup(true) * (Math.ceil(calls / perVisit) - 1)) * callMs;
}

const NULL_MS = 10;
const OTHER_MS = 1000;

/** Where rough figures are from, for people. */
export const ROUGH = `the paper's own times where it has the machine and model, ${NULL_MS} ms for the null model, ${OTHER_MS} ms for any other`;

/** A rough figure for a call of a cell that nobody has timed yet. */
export function roughCallMs(
  cell: Cell,
  models: Readonly<Record<string, { readonly paperModel?: "rfcn" | "ssd" | undefined; readonly isNull: boolean }>>,
): number {
  const model = models[cell.model];
  if (model?.isNull === true) return NULL_MS;
  const place = cell.clientRole === cell.serverRole ? "local" : "remote";
  const combination = COMBINATIONS.find((c) => c.paperModel === model?.paperModel && c.protocol === cell.protocol);
  const experiment =
    EXPERIMENTS.find((e) => e.place === place && e.image === cell.image) ?? EXPERIMENTS.find((e) => e.place === place);
  if (combination === undefined || experiment === undefined) return OTHER_MS;
  return publishedMs(experiment, cell.serverRole, combination) ?? OTHER_MS;
}

/** How many runs back to look for cells that were timed before. */
const RUNS_BACK = 5;

/**
 * What calls took in the newest run that has any of these cells.
 *
 * @param runs folders of runs, oldest first
 * @returns mean latency by cell, and the run's folder; undefined where no such run is near
 */
export async function earlierCalls(
  runs: readonly string[],
  cells: readonly Cell[],
): Promise<{ dir: string; callMs: ReadonlyMap<string, number> } | undefined> {
  const wanted = new Set(cells.map((c) => c.id));
  for (const dir of runs.slice(-RUNS_BACK).reverse()) {
    const path = join(dir, "records.jsonl");
    if (!(await exists(path))) continue;
    const sums = new Map<string, { n: number; ms: number }>();
    for await (const record of readRecords(path)) {
      if (record.type !== "call" || !record.ok || record.phase !== "measure" || !wanted.has(record.cell)) continue;
      const sum = sums.get(record.cell) ?? { n: 0, ms: 0 };
      sums.set(record.cell, { n: sum.n + 1, ms: sum.ms + record.totalMs });
    }
    if (sums.size > 0) return { dir, callMs: new Map([...sums].map(([id, { n, ms }]) => [id, ms / n])) };
  }
  return undefined;
}
