import { printResult } from "../../lib/cli/result.ts";
import { say } from "../../lib/output.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { formatTable } from "../../lib/table.ts";
import { random, seedOf } from "../../bench/stats/math/random.ts";
import { TRUTH } from "../options.ts";
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

/** Makes the trials of a scenario. They depend on the seed alone, not on other scenarios. */
export async function trialsOf(scenario: Scenario, asked: number, seed: number): Promise<Seen[]> {
  const runs = Math.max(10, Math.round(asked * scenario.share));
  const trial = scenario.prepare();
  const stream = random(seedOf(scenario.name, seed));
  const counts: (readonly Count[])[] = [];
  while (counts.length < runs) counts.push(await trial(stream));
  return scenario.figures.map((figure, i) => {
    const share = shareOf(counts.map((all) => all[i] as Count));
    const { promised } = figure;
    const kept = promised === null || typeof promised === "string" ? null : isKept(share, promised, runs);
    return { scenario: scenario.name, figure, runs, ...share, kept };
  });
}

/** `lathe selfbench truth`. */
export async function benchTruth({ part, trials, seed, only, json }: Values<typeof TRUTH>): Promise<number> {
  const chosen = part.flatMap((p) => PARTS[p] ?? []).filter((s) => only === undefined || s.name.includes(only));
  const seen: Seen[] = [];
  for (const [i, scenario] of chosen.entries()) {
    say(`${i + 1} of ${chosen.length}: ${scenario.name}`);
    seen.push(...(await trialsOf(scenario, trials, seed)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  printResult(TRUTH.json, json, tablesText(seen), { part, trials, seed, figures: seen });
  return seen.some((s) => s.kept === false) ? 1 : 0;
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
  const missed = seen.filter((s) => s.kept === false).length;
  return [
    ...table(1, "Promises that have always held"),
    ...table(2, "Promises that once failed, and figures without a promise"),
    missed === 0
      ? "Every promise is kept."
      : `${missed} of ${seen.filter((s) => s.kept !== null).length} promises are missed.`,
  ].join("\n\n");
}

function rowOf({ scenario, figure, runs, share, se, figures, kept }: Seen): string[] {
  const { name, promised } = figure;
  const range =
    promised === null || typeof promised === "string" ? "" : promised.map((end) => `${100 * end}`).join(" to ");
  const word =
    typeof promised === "string" ? promised : kept === false ? "MISSED" : kept === null ? "no promise" : "kept";
  const numbers = figures === 0 ? ["none", ""] : [(100 * share).toFixed(1), (200 * se).toFixed(1)];
  return [scenario, name, String(runs), ...numbers, range, word];
}
