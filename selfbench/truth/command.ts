import { printResult } from "../../lib/cli/result.ts";
import { EXIT } from "../../lib/cli/run.ts";
import { say } from "../../lib/output.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { formatSeconds } from "../../lib/progress.ts";
import { formatTable } from "../../lib/table.ts";
import { count } from "../../lib/words.ts";
import { random, seedOf } from "../../bench/stats/math/random.ts";
import { TRUTH } from "../options.ts";
import { takePriority } from "../priority.ts";
import type { Figure, Scenario } from "./scenario.ts";
import { PARTS } from "./scenarios.ts";
import { type Count, type Share, isKept, shareOf } from "./score.ts";

/** What was seen of one figure in all trials of a scenario. */
export interface Seen extends Omit<Share, "figures"> {
  readonly scenario: string;
  readonly figure: Figure;
  readonly runs: number;
  readonly figures: number;
  /** Whether the promise is kept; null if none is made. */
  readonly kept: boolean | null;
}

/** Fewer simulated runs of a line than this show nothing. */
const LEAST_RUNS = 10;

/** How many runs of each line are made: of simulated ones a share of `trials`, of real calls as many as fit into `minutes`, at least one. Pure. */
export function runsOf(scenarios: readonly Scenario[], trials: number, minutes: number): number[] {
  const secondsOfOne = scenarios.reduce((sum, { share, secondsEach = 0 }) => sum + share * secondsEach, 0);
  const fit = (60 * minutes) / secondsOfOne;
  return scenarios.map(({ share, secondsEach }) =>
    secondsEach === undefined ? Math.max(LEAST_RUNS, Math.round(trials * share)) : Math.max(1, Math.round(fit * share)),
  );
}

/** About how long the runs of real calls take, in words; undefined if there are none. Pure. */
export function timeText(scenarios: readonly Scenario[], runs: readonly number[]): string | undefined {
  const seconds = scenarios.reduce((sum, { secondsEach = 0 }, i) => sum + secondsEach * (runs[i] ?? 0), 0);
  return seconds === 0 ? undefined : `Real calls take about ${formatSeconds(seconds)}.`;
}

/** Makes so many runs of a scenario. They depend on the seed alone, not on other scenarios. */
export async function trialsOf(scenario: Scenario, runs: number, seed: number): Promise<Seen[]> {
  const trial = scenario.prepare();
  const stream = random(seedOf(scenario.name, seed));
  const counts: (readonly Count[])[] = [];
  while (counts.length < runs) counts.push(await trial(stream));
  return scenario.figures.map((figure, i) => {
    const share = shareOf(counts.map((all) => all[i] as Count));
    return { scenario: scenario.name, figure, runs, ...share, kept: keptOf(share, figure, runs) };
  });
}

/** `lathe selfbench truth`. */
export async function benchTruth({ part, trials, minutes, seed, only, json }: Values<typeof TRUTH>): Promise<number> {
  const chosen = part.flatMap((p) => PARTS[p] ?? []).filter((s) => only === undefined || s.name.includes(only));
  const runs = runsOf(chosen, trials, minutes);
  const time = timeText(chosen, runs);
  if (time !== undefined) {
    takePriority();
    say(time);
  }
  const seen: Seen[] = [];
  for (const [i, scenario] of chosen.entries()) {
    const [own = 0, each] = [runs[i], scenario.secondsEach];
    const takes = each === undefined ? "" : `, about ${formatSeconds(own * each)}`;
    say(`${i + 1} of ${chosen.length}: ${scenario.name}, ${count(own, "run")}${takes}`);
    seen.push(...(await trialsOf(scenario, own, seed)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  seen.push(...overall(seen));
  printResult(TRUTH.json, json, tablesText(seen), { part, trials, seed, figures: seen });
  return verdictOf(seen).code;
}

/** The end of the benchmark, in words and as an exit code. A promise of which nothing was seen is neither kept nor missed. Pure. */
export function verdictOf(seen: readonly Seen[]): { readonly text: string; readonly code: number } {
  const promises = seen.filter((s) => s.kept !== null);
  const judged = promises.filter((s) => s.figures > 0);
  const missed = judged.filter((s) => s.kept === false).length;
  const unseen = promises.length - judged.length;
  const beside = unseen === 0 ? "" : ` Of ${count(unseen, "other")} nothing was seen.`;
  if (missed > 0)
    return { text: `${missed} of ${count(judged.length, "promise")} missed.${beside}`, code: EXIT.failed };
  if (judged.length > 0)
    return { text: `Every promise that was judged is kept (${judged.length}).${beside}`, code: EXIT.fine };
  if (unseen === 0) return { text: "Nothing is promised of these lines.", code: EXIT.fine };
  return { text: `No promise was judged: nothing was seen of ${count(unseen, "promise")}.`, code: EXIT.inconclusive };
}

/** Whether chance explains what was seen, where something is promised. */
const keptOf = (share: Share, { promised }: Figure, runs: number) =>
  promised === null || typeof promised === "string" ? null : isKept(share, promised, runs);

/** Figures over several lines. Those of one line are of the same runs, so their errors add up; lines do not depend on each other. Pure. */
export function overall(seen: readonly Seen[]): Seen[] {
  const pooled = Map.groupBy(
    seen.filter((s) => s.figure.within !== undefined && s.figures > 0),
    (s) => s.figure.within as string,
  );
  return [...pooled].map(([name, all]) => {
    const sum = (of: (s: Seen) => number, some = all) => some.reduce((total, s) => total + of(s), 0);
    const figures = sum((s) => s.figures);
    const lines = [...Map.groupBy(all, (s) => s.scenario).values()];
    const errors = lines.map((line) => sum((s) => s.se * s.figures, line) / figures);
    const share = { share: sum((s) => s.share * s.figures) / figures, se: Math.hypot(...errors), figures };
    const runs = lines.reduce((total, [first]) => total + (first?.runs ?? 0), 0);
    const [{ figure: first }] = all as [Seen, ...Seen[]];
    const figure = { table: first.table, name, promised: first.promised };
    return { scenario: "all lines", figure, runs, ...share, kept: keptOf(share, figure, runs) };
  });
}

function tablesText(seen: readonly Seen[]): string {
  const columns = [
    { title: "simulated" },
    { title: "figure" },
    ...["runs", "seen", "±", "promised"].map((title) => ({ title, align: "right" as const })),
    { title: "" },
  ];
  const table = (n: 1 | 2, heading: string) => {
    const own = seen.filter((s) => s.figure.table === n);
    return own.length === 0 ? [] : [`${heading}\n${formatTable(columns, own.map(rowOf))}`];
  };
  return [
    ...table(1, "Promises that have always held"),
    ...table(2, "Promises that once failed, and figures without a promise"),
    verdictOf(seen).text,
  ].join("\n\n");
}

function rowOf({ scenario, figure, runs, share, se, figures, kept }: Seen): string[] {
  const { name, promised } = figure;
  const range =
    promised === null || typeof promised === "string" ? "" : promised.map((end) => `${100 * end}`).join(" to ");
  const judgement = kept === null ? "no promise" : figures === 0 ? "not judged" : kept ? "kept" : "MISSED";
  const word = typeof promised === "string" ? promised : judgement;
  const [times, unit] = figure.seconds === true ? [1, " s"] : [100, ""];
  const numbers = figures === 0 ? ["none", ""] : [`${(times * share).toFixed(1)}${unit}`, (2 * times * se).toFixed(1)];
  return [scenario, name, String(runs), ...numbers, range, word];
}
