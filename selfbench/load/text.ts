import { availableParallelism } from "node:os";
import { median } from "../../bench/stats/math/quantile.ts";
import { formatTable } from "../../lib/table.ts";
import { GOAL_RATE } from "./floor.ts";
import type { Verdict } from "./goals.ts";
import type { Spread } from "./lag.ts";
import { LEAD_SECONDS, type RacePlan, type Raced, STALL, type Stalled, over } from "./race.ts";

/** Everything that one run of the benchmark measured. */
export interface Report extends Raced {
  readonly plan: RacePlan;
  readonly nice: number;
  readonly pinned: boolean;
  readonly verdicts: readonly Verdict[];
  readonly stalls: readonly Stalled[];
}

const right = (title: string) => ({ title, align: "right" as const });
const ms = (value: number) => (Number.isNaN(value) ? "–" : value.toFixed(3));
const percent = (share: number) => (Number.isNaN(share) ? "–" : `${(100 * share).toFixed(0)} %`);

/** The report as tables for people. */
export function reportText(report: Report): string {
  const { plan, pinned, nice } = report;
  return [
    `${plan.rounds} rounds, ${plan.seconds} s at each rate after ${LEAD_SECONDS} s that do not count, over ${plan.connections} connections. Medians over the rounds.`,
    pinned
      ? "Each generator ran on one processor, the server on another."
      : "There is one processor: generator and server shared it.",
    `The machine has ${availableParallelism()} processors, and ${loads(report)} threads ran or waited to run (min–max of turns). More threads than processors make calls late.`,
    `nice ${nice}: ${nice < 0 ? "generators and server ran before everything else on the machine." : "other programs may have delayed calls."}`,
    "",
    ratesTable(report),
    "",
    "lag seen: how late requests reached the server's kernel. In each second, the least late call counts as punctual, so a constant delay does not show.",
    "lag logged: begun - due, as Lathe's records have it. says: what the generator itself reports.",
    "made: the calls made, of those due. core: CPU time of all threads in the measured time, of one core (/proc/PID/stat).",
    "",
    ...(report.verdicts.length === 0 ? [] : [goalsTable(report), ""]),
    stallTable(report),
    "",
    "Not here: wrk2, which no package registry has, and k6, whose licence (AGPL) keeps it out.",
  ].join("\n");
}

/** How busy the machine was. */
function loads({ turns }: Report): string {
  const all = [...turns.values()].flatMap((byName) => [...byName.values()].flat().map((t) => t.machineLoad));
  return `${Math.min(...all).toFixed(1)}–${Math.max(...all).toFixed(1)}`;
}

function ratesTable({ turns }: Report): string {
  const columns = [
    right("calls a second"),
    "generator",
    ...["made", "lag seen\np50, ms", "\np99, ms", "lag logged\np50, ms", "\np99, ms", "core"].map(right),
    ...["says\np50, ms", "\np99, ms", "failed"].map(right),
  ];
  const rows = [...turns].flatMap(([rate, byName]) =>
    [...byName].map(([name, all]) => [
      ...[String(rate), name, percent(over(all, (t) => t.seen.made))],
      ...[ms(over(all, (t) => t.seen.p50Ms)), ms(over(all, (t) => t.seen.p99Ms))],
      ...[ms(over(all, (t) => t.said.logged?.p50Ms ?? NaN)), ms(over(all, (t) => t.said.logged?.p99Ms ?? NaN))],
      percent(over(all, (t) => t.core)),
      ...[ms(over(all, (t) => t.said.p50Ms)), ms(over(all, (t) => t.said.p99Ms))],
      String(all.reduce((sum, t) => sum + t.said.failed, 0)),
    ]),
  );
  return formatTable(columns, rows);
}

function goalsTable({ verdicts, floors }: Report): string {
  const columns = [`goal at ${GOAL_RATE} a second`, ...["measured", "min–max of rounds", "at most"].map(right), ""];
  const rows = verdicts.map(({ title, measured, most, met }) => [
    title,
    measured.median.toFixed(3),
    `${measured.min.toFixed(3)}–${measured.max.toFixed(3)}`,
    most.toFixed(3),
    met === null ? "not judged" : met ? "met" : "MISSED",
  ]);
  return `${formatTable(columns, rows)}\n\n${floorText(floors)}`;
}

/** How late a bare timer was, and what that means. */
function floorText(floors: readonly Spread[]): string {
  const figure = (of: keyof Spread) => {
    const values = floors.map((floor) => floor[of]);
    return `${of.slice(0, 3)} ${ms(median(values))} ms (${ms(Math.min(...values))}–${ms(Math.max(...values))})`;
  };
  return [
    `A bare timer, which only sleeps until each call would be due, woke late here: ${figure("p50Ms")}, ${figure("p99Ms")}, in the same rounds.`,
    `No generator is better than that: a goal below it is not judged, unless it is met; nor is the share of a core, if p99 is above the goal's.`,
  ].join("\n");
}

function stallTable({ stalls }: Report): string {
  const columns = [
    `stall of ${STALL.forMs} ms in ${STALL.seconds} s at ${STALL.ratePerSecond} a second`,
    ...["calls", "says p99, ms", "true p99, ms", "off by"].map(right),
  ];
  const rows = stalls.map(({ name, calls, p99Ms, truthMs }) => [
    ...[name, String(calls), p99Ms.toFixed(1), truthMs.toFixed(0)],
    `${((p99Ms / truthMs - 1) * 100).toFixed(1)} %`,
  ]);
  return formatTable(columns, rows);
}
