import { join } from "node:path";
import { exists } from "../../lib/cache/cached.ts";
import { UserError } from "../../lib/errors.ts";
import { whatFits } from "../schedule/budget.ts";
import { dueEveryMs, leadInSize, warmupSize } from "../schedule/visit-size.ts";
import type { Cell } from "../matrix/cell.ts";
import { modeOf } from "../loads/registry.ts";
import { type Limits, MIN_VISITS, limitsFor } from "../matrix/limits.ts";
import { COMBINATIONS, EXPERIMENTS, publishedMs } from "../paper/published.ts";
import { readRecords } from "../records/records.ts";
import { visitKey, voidVisits } from "../records/void-visits.ts";

/** How long a run will take. */
export interface Forecast {
  /** Every cell reaches its precision with its least number of calls. */
  readonly soonestMs: number;
  /** No cell reaches its precision: each has all its calls, or the budget ends the run. */
  readonly latestMs: number;
  /** Measured calls of the run, at least and at most. The budget may allow for fewer. */
  readonly calls: readonly [number, number];
  /** Whether the budget ends the run before every cell has all the calls that it may need. */
  readonly cut: boolean;
  /** Where the budget cuts the run: cells visited once (no interval), more often, and often enough for a precision. */
  readonly visited?: Readonly<Record<"once" | "more" | "precise", number>>;
  /** Cells whose calls are due faster than their connections can make them, by the time that a call takes. */
  readonly tooFast: number;
  /** Cells whose calls an earlier run timed; the others go by rough figures. */
  readonly fromRecords: number;
}

type CallTime = (cell: Cell) => { readonly callMs: number; readonly fromRecords: boolean };

/** Estimates a run from the time of its calls. What opening connections and shuffling takes is not counted. */
export function forecast(cells: readonly Cell[], run: Limits, callTime: CallTime): Forecast {
  let [soonestMs, latestMs, firstRoundMs, least, most, fromRecords, tooFast] = [0, 0, 0, 0, 0, 0, 0];
  for (const cell of cells) {
    const limits = limitsFor(run, cell.limits);
    const time = callTime(cell);
    const inThreeVisits = (MIN_VISITS - 1) * callsPerVisit(cell, limits, time.callMs) + 1;
    const soonest = Math.max(limits.minRequests, inThreeVisits);
    const calls = limits.precision === null ? limits.requests : Math.min(soonest, limits.requests);
    soonestMs += cellMs(cell, limits, time.callMs, calls);
    latestMs += cellMs(cell, limits, time.callMs, limits.requests);
    firstRoundMs += cellMs(cell, limits, time.callMs, 1);
    least += calls;
    most += limits.requests;
    fromRecords += time.fromRecords ? 1 : 0;
    tooFast += paceMsOf(cell, time.callMs) > (dueEveryMs(cell.load) ?? Infinity) ? 1 : 0;
  }
  const { budgetMs } = run;
  const within = (ms: number) => (budgetMs === null ? ms : Math.min(ms, Math.max(budgetMs, firstRoundMs)));
  const cut = within(latestMs) < latestMs;
  return {
    soonestMs: within(soonestMs),
    latestMs: within(latestMs),
    calls: [least, most],
    cut,
    ...(budgetMs !== null && cut && { visited: visitsWithin(cells, run, budgetMs, callTime) }),
    fromRecords,
    tooFast,
  };
}

/** Goes through the rounds as a run does where no cell is precise before its calls are made. */
function visitsWithin(cells: readonly Cell[], run: Limits, budgetMs: number, callTime: CallTime) {
  const plans = new Map(
    cells.map((cell) => {
      const limits = limitsFor(run, cell.limits);
      const { callMs } = callTime(cell);
      const perVisit = callsPerVisit(cell, limits, callMs);
      return [cell.id, { ms: cellMs(cell, limits, callMs, perVisit), most: Math.ceil(limits.requests / perVisit) }];
    }),
  );
  const visits = new Map(cells.map((cell) => [cell.id, 0]));
  const visitsOf = (cell: Cell) => visits.get(cell.id) ?? 0;
  const msOf = (cell: Cell) => plans.get(cell.id)?.ms ?? 0;
  let left = budgetMs;
  for (;;) {
    const open = cells.filter((cell) => visitsOf(cell) < (plans.get(cell.id)?.most ?? 0));
    const round = whatFits(open, (cell) => visitsOf(cell) > 0, msOf, left);
    if (round.length === 0) break;
    for (const cell of round) {
      visits.set(cell.id, visitsOf(cell) + 1);
      left -= msOf(cell);
    }
  }
  const once = cells.filter((cell) => visitsOf(cell) === 1).length;
  const precise = cells.filter((cell) => visitsOf(cell) >= MIN_VISITS).length;
  return { once, more: cells.length - once, precise };
}

function cellMs(cell: Cell, limits: Limits, callMs: number, calls: number): number {
  const perVisit = callsPerVisit(cell, limits, callMs);
  const warmup = (input: boolean) => warmupSize({ model: true, input, callMs }, limits).atLeast;
  const visits = Math.ceil(calls / perVisit);
  const made = modeOf(cell.load).wholeVisit === undefined ? calls : visits * perVisit;
  const paced = made + visits * leadInSize(cell.load, limits);
  return paced * paceMsOf(cell, callMs) + (warmup(false) + warmup(true) * (visits - 1)) * callMs;
}

/** From one call to the next: as the load has it, or as fast as the connections allow. */
function paceMsOf({ load }: Cell, callMs: number): number {
  return modeOf(load).expectedMs(load, 1, callMs);
}

function callsPerVisit(cell: Cell, limits: Limits, callMs: number): number {
  const whole = modeOf(cell.load).wholeVisit?.(cell.load);
  if (whole !== undefined) return whole.calls;
  return Math.min(limits.blockRequests, Math.floor(limits.blockMs / paceMsOf(cell, callMs)) + 1);
}

const NULL_MS = 10;
const OTHER_MS = 1000;
/** Megabytes of a request over a link: of a photograph's file, of 640 x 480 pixels, and of these as JSON. */
const REQUEST_MB = { file: 0.1, pixels: 0.92, json: 3.9 };

/** Where rough figures are from, for people. */
export const ROUGH = `the paper's own times where it has the machine and model, ${NULL_MS} ms for the null model, ${OTHER_MS} ms for any other, and what a link adds to requests`;

/** A rough figure for a call of a cell that nobody has timed yet. */
export function roughCallMs(cell: Cell, models: RoughModels): number {
  return linkMs(cell) + ownMs(cell, models);
}

type RoughModels = Readonly<
  Record<string, { readonly paperModel?: "rfcn" | "ssd" | undefined; readonly isNull: boolean }>
>;

/** A round trip, and a request's bytes by the bandwidth. */
function linkMs({ link, protocol, input }: Cell): number {
  if (link === undefined) return 0;
  const megabits = 8 * REQUEST_MB[input === "file" ? "file" : protocol === "rest" ? "json" : "pixels"];
  return link.rttMs + (link.mbit === null ? 0 : (1000 * megabits) / link.mbit);
}

function ownMs(cell: Cell, models: RoughModels): number {
  const model = models[cell.model];
  if (model?.isNull === true) return NULL_MS;
  const calls = cell.local ? "local" : "remote";
  const combination = COMBINATIONS.find((c) => c.paperModel === model?.paperModel && c.protocol === cell.protocol);
  const experiment =
    EXPERIMENTS.find((e) => e.calls === calls && e.image === cell.image) ?? EXPERIMENTS.find((e) => e.calls === calls);
  if (combination === undefined || experiment === undefined) return OTHER_MS;
  return publishedMs(experiment, cell.serverMachine, combination) ?? OTHER_MS;
}

/** The newest runs are searched for the cells, this many at most. */
const RUNS_BACK = 5;

/** What calls took on average in the newest run that has any of these cells. `runs`: folders, the oldest first. */
export async function earlierCalls(
  runs: readonly string[],
  cells: readonly Cell[],
): Promise<{ dir: string; callMs: ReadonlyMap<string, number> } | undefined> {
  const wanted = new Set(cells.map((c) => c.id));
  for (const dir of runs.slice(-RUNS_BACK).reverse()) {
    const path = join(dir, "records.jsonl");
    if (!(await exists(path))) continue;
    const callMs = await meanCalls(path, wanted).catch((error: unknown) => {
      // Records of another version of Lathe, or damaged ones: no reason to plan nothing.
      if (error instanceof UserError) return new Map<string, number>();
      throw error;
    });
    if (callMs.size > 0) return { dir, callMs };
  }
  return undefined;
}

/** Mean latency of measured calls that succeeded, by cell, of those cells that are wanted. Void calls are left out. */
async function meanCalls(path: string, wanted: ReadonlySet<string>): Promise<Map<string, number>> {
  const sums = new Map<string, { n: number; ms: number }>();
  const voids = await voidVisits(path);
  for await (const record of readRecords(path)) {
    if (voids.has(visitKey(record))) continue;
    if (record.type !== "call" || !record.ok || record.phase !== "measure" || !wanted.has(record.cell)) continue;
    const sum = sums.get(record.cell) ?? { n: 0, ms: 0 };
    sums.set(record.cell, { n: sum.n + 1, ms: sum.ms + record.totalMs });
  }
  return new Map([...sums].map(([id, { n, ms }]) => [id, ms / n]));
}
