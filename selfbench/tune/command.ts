import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { printResult } from "../../lib/cli/result.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { repoRoot, shownPath } from "../../lib/paths.ts";
import { progress } from "../../lib/progress.ts";
import { say } from "../../lib/output.ts";
import { formatTable } from "../../lib/table.ts";
import { quantile } from "../../bench/stats/math/quantile.ts";
import { objectiveText } from "../../tune/objective.ts";
import { outcome } from "../../tune/race/outcome.ts";
import { readTuning } from "../../tune/state.ts";
import { TABLES, tableOf, tableText } from "../../tune/testing/grids.ts";
import { play } from "../../tune/testing/play.ts";
import type { TUNE } from "../options.ts";
import { TUNE as OPTIONS } from "../options.ts";
import { packages } from "../packages.ts";
import { isKept, shareOf } from "../truth/score.ts";
import { CASES, type Case, GRID_VISITS } from "./cases.ts";
import { climbOrder, gridOrder, raceTrace, tpeOrders, traceOf, visitsNeeded } from "./contenders.ts";
import type { Played } from "./goals.ts";

/** How often one goal was met in all worlds of a case. */
export interface Seen {
  readonly case: string;
  readonly goal: string;
  readonly races: number;
  readonly share: number;
  readonly se: number;
  readonly promised: readonly [number, number];
  readonly kept: boolean;
}

/** Lengths of a case's races, in visits: the median, and the length that nine of ten do not exceed. */
interface Length {
  readonly case: string;
  readonly arms: number;
  readonly median: number;
  readonly nineTenths: number;
  readonly gridVisits: number;
}

/**
 * Races of one case, each in a world of its own.
 *
 * @param isLate asked after each race: whether there is no time for more
 */
export function racesOf(c: Case, seeds: number, isLate = () => false): { seen: Seen[]; length: Length } {
  const runs: Played[] = [];
  for (let seed = 1; seed <= seeds && (seed === 1 || !isLate()); seed++) {
    const world = c.world(seed);
    const state = play(world, c.budget(world.arms.length), seed, c.rounds);
    runs.push({ world, state, found: outcome(state) });
  }
  const seen = c.goals.map((goal) => {
    const share = shareOf(runs.map((run) => goal.right(run)));
    const kept = isKept(share, goal.promised, runs.length);
    return { case: c.name, goal: goal.name, races: runs.length, ...share, promised: goal.promised, kept };
  });
  const lengths = Float64Array.from(runs.map(({ found }) => found.secondsUsed)).sort();
  const arms = runs[0]?.world.arms.length ?? 0;
  const at = (q: number) => Math.round(quantile(lengths, q));
  return {
    seen,
    length: { case: c.name, arms, median: at(0.5), nineTenths: at(0.9), gridVisits: arms * GRID_VISITS },
  };
}

/** How many visits each method needs; null: more than were made. */
interface Needed {
  readonly case: string;
  readonly race: number | null;
  readonly tpe: number | null;
  readonly climbing: number | null;
  readonly grid: number | null;
}

/** Visits that methods other than the grid may make. */
const MOST_VISITS = 150;

async function compare(c: Case, seeds: number, python: string): Promise<Needed> {
  const worlds = Array.from({ length: seeds }, (_, i) => c.world(i + 1));
  const arms = worlds[0]?.arms.length ?? 0;
  const needs = (order: (seed: number) => readonly string[]) =>
    visitsNeeded(
      worlds,
      worlds.map((world, i) => traceOf(world, order(i))),
    );
  const tpe = await tpeOrders(python, worlds, MOST_VISITS);
  return {
    case: c.name,
    race: visitsNeeded(
      worlds,
      worlds.map((world, i) => raceTrace(world, c.budget(arms), i + 1)),
    ),
    tpe: needs((i) => tpe[i] ?? []),
    climbing: needs((i) => climbOrder(worlds[i] as (typeof worlds)[number], MOST_VISITS, i + 1)),
    grid: needs((i) => gridOrder(worlds[i] as (typeof worlds)[number], arms * GRID_VISITS, i + 1)),
  };
}

/** Keeps the grid of a tuning's folder among the worlds. */
async function keepGrid(folder: string): Promise<number> {
  const tuning = await readTuning(folder);
  const words = [tuning.stack, tuning.found.model, objectiveText(tuning.race.objective)].join(" ");
  const file = join(TABLES, `${words.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.json`);
  await writeFile(file, tableText(tableOf(tuning)));
  say(`Kept in ${shownPath(file)}. To race in it: npx lathe selfbench tune --only grid --compared-seeds 0`);
  return 0;
}

/** `lathe selfbench tune`. */
export async function benchTune({
  seeds,
  "compared-seeds": compared,
  minutes,
  only,
  check,
  json,
  "keep-grid": folder,
}: Values<typeof TUNE>): Promise<number> {
  if (folder !== undefined) return keepGrid(folder);
  const chosen = CASES.filter((c) => only === undefined || c.name.includes(only));
  const seen: Seen[] = [];
  const lengths: Length[] = [];
  const needed: Needed[] = [];
  const end = performance.now() + 60_000 * (minutes ?? Infinity);
  for (const [i, c] of chosen.entries()) {
    say(`${i + 1} of ${chosen.length}: ${c.name}`);
    // What one kind of world leaves of the time, the next ones share.
    const until = performance.now() + (end - performance.now()) / (chosen.length - i);
    const races = racesOf(c, seeds, () => performance.now() > until);
    seen.push(...races.seen);
    if (c.rounds === undefined) lengths.push(races.length);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (compared > 0) {
    const steps = progress();
    const { python } = await packages("optuna", join(repoRoot, "selfbench", "tune", "optuna.txt"), steps);
    for (const c of chosen.filter((c) => c.compared)) {
      say(`${c.name}: Optuna's TPE, hill climbing and the grid`);
      needed.push(await compare(c, compared, python));
    }
  }
  const missed = seen.some((s) => !s.kept) || needed.some((n) => isHalf(n) === false);
  printResult(OPTIONS.json, json, text(seen, lengths, needed), { seeds, compared, goals: seen, lengths, needed });
  return check === true && missed ? 1 : 0;
}

/** Whether the race needs at most half the visits of TPE and of hill climbing. */
function isHalf({ race, tpe, climbing }: Needed): boolean {
  return race !== null && 2 * race <= Math.min(tpe ?? Infinity, climbing ?? Infinity);
}

function text(seen: readonly Seen[], lengths: readonly Length[], needed: readonly Needed[]): string {
  const columns = (words: readonly string[], numbers: readonly string[], last: readonly string[] = []) => [
    ...[...words].map((title) => ({ title })),
    ...numbers.map((title) => ({ title, align: "right" as const })),
    ...last.map((title) => ({ title })),
  ];
  const percent = (share: number) => (Number.isNaN(share) ? "none" : (100 * share).toFixed(1));
  const visits = (n: number | null) => (n === null ? `over ${MOST_VISITS}` : String(n));
  const goals = seen.map((s) => [
    ...[s.case, s.goal, String(s.races), percent(s.share), percent(2 * s.se)],
    ...[s.promised.map((end) => String(100 * end)).join(" to "), s.kept ? "kept" : "MISSED"],
  ]);
  const long = lengths.map((l) => [
    ...[l.case, String(l.arms), String(l.median), String(l.nineTenths)],
    ...[String(l.gridVisits), percent(l.median / l.gridVisits), percent(l.nineTenths / l.gridVisits)],
  ]);
  const half = needed.map((n) => [
    n.case,
    ...[n.race, n.tpe, n.climbing, n.grid].map(visits),
    isHalf(n) ? "half" : "MISSED",
  ]);
  return [
    formatTable(columns(["worlds", "goal"], ["races", "seen, %", "±", "promised, %"], [""]), goals),
    `Visits of whole races, with confirmation and knobs. The grid visits each setting ${GRID_VISITS} times.\n` +
      formatTable(columns(["worlds"], ["arms", "median", "90 %", "grid", "median, %", "90 %, %"]), long),
    ...(half.length === 0
      ? []
      : [
          "Visits after which 18 of 20 searches are within 3 % of the best arm, and stay there\n" +
            formatTable(columns(["worlds"], ["race", "TPE", "hill climbing", "grid"], [""]), half),
        ]),
  ].join("\n\n");
}
