import { type Figure, type TableCell, figure, right, rights, table } from "../../bench/report/blocks.ts";
import { type Series, UNKNOWN_KEY, intervalChart, unknownKey } from "../../bench/report/charts/intervals.ts";
import { scaleOf, xyChart } from "../../bench/report/charts/xy.ts";
import { formatMs, formatRatio, formatRatioInterval } from "../../bench/format/numbers.ts";
import type { ArmStatus } from "./types.ts";

/** How arms are drawn, by their state. */
const LOOKS: readonly Series[] = [
  { name: "rule", colour: "ink", sign: "diamond" },
  { name: "winner", colour: "protocol-1", sign: "diamond" },
  { name: "left", colour: "protocol-2", sign: "circle" },
  { name: "dropped", colour: "muted", sign: "circle", hollow: true },
];

const lookOf = ({ arm, state }: ArmStatus) => (arm.isRule ? "rule" : state === "killed" ? "dropped" : state);

/** A state in words: "left" beside a picture would be a side of it. */
const stateText = (state: string) => (state === "left" ? "not dropped" : state);

const legendOf = (statuses: readonly ArmStatus[]) =>
  LOOKS.filter(({ name }) => statuses.some((s) => lookOf(s) === name)).map(({ name, ...look }) => ({
    label: stateText(name),
    ...look,
  }));

/** What the intervals allow for. */
const [RACED, GRIDDED] = [
  "The intervals allow for a look after every block.",
  "The intervals hold for all settings together, in 95 of 100 grids.",
];

/** Rows of the race's picture; the table below it has all settings. */
const MOST_ROWS = 24;

/**
 * The race or grid: each setting's gain over the rule with its interval, best first, and when it was dropped.
 *
 * @param rounds of a grid
 */
export function raceFigure(statuses: readonly ArmStatus[], rounds?: number): Figure {
  const measured = statuses.filter((s) => s.blocks > 0).toSorted((a, b) => ratioOf(b) - ratioOf(a));
  const best = measured.slice(0, MOST_ROWS);
  const rule = measured.find((s) => s.arm.isRule);
  const shown = rule === undefined || best.includes(rule) ? best : [...best.slice(0, -1), rule];
  const points = shown.map((s) => ({
    ...{ row: s.arm.id, series: lookOf(s), value: ratioOf(s) },
    ...(s.arm.isRule ? {} : { interval: s.gain?.interval ?? null }),
  }));
  const label = "Gain of each setting over the rule";
  return figure({
    title: rounds === undefined ? "The race" : "The grid",
    panels: [
      {
        picture: intervalChart({
          ...{ label, points, series: LOOKS, oneLine: true, reference: 1, names: "above" },
          ...{ rows: shown.map((s) => s.arm.id), xLabel: "times as good as the rule" },
          numbers: new Map(shown.map((s) => [s.arm.id, noteOf(s)])),
        }),
      },
    ],
    legend: [...legendOf(shown), ...(unknownKey(points).length > 0 ? [UNKNOWN_KEY] : [])],
    caption:
      `Right of the line a setting is better than the rule. ${rounds === undefined ? RACED : GRIDDED} ` +
      (rounds === undefined && measured.some((s) => s.state === "winner")
        ? "The winner's gain above is that of fresh blocks alone. "
        : "") +
      (measured.length > shown.length
        ? `The best ${shown.length} of ${measured.length} settings that were measured.`
        : ""),
    alternative: `${label}: ${shown.map((s) => `${s.arm.id} ${formatRatio(ratioOf(s))}`).join("; ")}`,
    data: armsTable(statuses),
  });
}

const ratioOf = (s: ArmStatus) => (s.arm.isRule ? 1 : (s.gain?.ratio ?? 0));

function noteOf(s: ArmStatus): string {
  if (s.arm.isRule) return "the rule";
  return s.out === undefined ? formatRatio(ratioOf(s)) : `${s.state}, block ${s.out.afterBlock}`;
}

/** A table of all arms; untried ones come last. */
function armsTable(statuses: readonly ArmStatus[]) {
  const ms = (value: number | null) => (value === null ? "–" : formatMs(value));
  return table({
    caption: "All settings",
    columns: [
      "settings",
      "state",
      ...rights("blocks", "times as good"),
      right("interval"),
      ...rights("ms", "calls/s"),
      "why",
    ],
    rows: statuses
      .toSorted((a, b) => Number(b.blocks > 0) - Number(a.blocks > 0) || ratioOf(b) - ratioOf(a))
      .map((s): TableCell[] => [
        ...[s.arm.id, s.arm.isRule ? "the rule" : stateText(s.state), String(s.blocks)],
        ...(s.gain === null ? ["–", "–"] : [formatRatio(s.gain.ratio), formatRatioInterval(s.gain.interval)]),
        ...[ms(s.medianMs), s.answeredPerSecond === null ? "–" : formatRatio(s.answeredPerSecond)],
        s.out === undefined ? "" : `after block ${s.out.afterBlock}: ${s.out.why}`,
      ]),
    sortable: true,
  });
}

/** An arm with both of its figures. */
interface Placed {
  readonly status: ArmStatus;
  readonly ms: number;
  readonly rate: number;
}

/** The arms that no other beats in both latency and throughput, the fastest first (Pareto). */
export function front(statuses: readonly ArmStatus[]): ArmStatus[] {
  const placed = placedOf(statuses).toSorted((a, b) => a.ms - b.ms || b.rate - a.rate);
  let most = -Infinity;
  return placed.flatMap(({ status, rate }) => {
    if (rate <= most) return [];
    most = rate;
    return [status];
  });
}

function placedOf(statuses: readonly ArmStatus[]): Placed[] {
  return statuses.flatMap((status) =>
    status.medianMs === null || !(status.answeredPerSecond !== null && status.answeredPerSecond > 0)
      ? []
      : [{ status, ms: status.medianMs, rate: status.answeredPerSecond }],
  );
}

/** Latency against throughput of all arms that were measured, with the Pareto front; the rule and the winner are marked. */
export function frontFigure(statuses: readonly ArmStatus[]): Figure {
  const placed = placedOf(statuses);
  const at = (of: readonly Placed[]) => of.map(({ ms, rate }) => ({ x: rate, y: ms }));
  const best = front(statuses);
  const onFront = best.map((s) => placed.find((p) => p.status === s) as Placed);
  const label = "Latency against throughput of all settings";
  return figure({
    title: "Latency against throughput",
    panels: [
      {
        picture: xyChart({
          label,
          x: scaleOf(
            "answered calls a second",
            placed.map((p) => p.rate),
            true,
          ),
          y: scaleOf(
            "median, ms",
            placed.map((p) => p.ms),
            true,
          ),
          series: [
            { name: "front", colour: "muted", sign: "circle", line: true, points: at(onFront) },
            ...LOOKS.toReversed().map((look) => ({
              ...look,
              points: at(placed.filter(({ status }) => lookOf(status) === look.name)),
              ...(["rule", "winner"].includes(look.name) ? { title: look.name } : {}),
            })),
          ],
        }),
      },
    ],
    legend: legendOf(placed.map((p) => p.status)),
    caption: "Down and right is better. No setting beats those on the line in both.",
    alternative: `${label}. On the front: ${onFront
      .map(({ status, ms, rate }) => `${status.arm.id} (${formatMs(ms)} ms, ${formatRatio(rate)} a second)`)
      .join("; ")}`,
  });
}
