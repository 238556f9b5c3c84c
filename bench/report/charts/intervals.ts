import * as Plot from "@observablehq/plot";
import { type Interval, known } from "../../stats/math/estimate.ts";
import type { LegendEntry } from "../blocks.ts";
import { when } from "../../format/when.ts";
import { UNKNOWN } from "../../format/numbers.ts";
import type { Markup } from "../render/markup.ts";
import { paint } from "./colours.ts";
import { HALO, PANEL_WIDTH, below, chart, extent, logTicks, marginFor, niceTicks, numbers, rowsDown } from "./plot.ts";
import { textWidth, tickText, wrapped } from "./plot.ts";

/** A value with its interval, in a row of a chart. */
export interface IntervalPoint {
  readonly row: string;
  readonly series: string;
  readonly value: number;
  /** Null: it should have one, and there is none; drawn so that nobody takes it for a narrow one. Absent: it has none. */
  readonly interval?: Interval | null;
}

/** One sign and colour. */
export interface Series {
  readonly name: string;
  readonly colour: string;
  readonly sign: "circle" | "diamond";
  /** Drawn as an outline: someone else's numbers. */
  readonly hollow?: boolean;
}

/** Series of a chart that has two kinds of points in one colour. */
export const FILLED_OR_HOLLOW: readonly Series[] = [
  { name: "filled", colour: "ink", sign: "circle" },
  { name: "hollow", colour: "ink", sign: "circle", hollow: true },
];

interface IntervalChart {
  readonly label: string;
  /** Rows from top to bottom. */
  readonly rows: readonly string[];
  readonly series: readonly Series[];
  readonly points: readonly IntervalPoint[];
  readonly xLabel: string;
  /** Logarithmic axis. Default: true. */
  readonly log?: boolean;
  /** Where "no effect" lies: a line is drawn there, and it is always in sight. */
  readonly reference?: number;
  /** Names of rows: left of it, or above where they are long. Default: left. */
  readonly names?: "left" | "above";
  /** A row has one series only: all lie on its middle line. */
  readonly oneLine?: boolean;
  /** Written at the right end of a row: the number itself. */
  readonly numbers?: ReadonlyMap<string, string>;
}

/** What a chart's legend says of a point that has no interval and should have one. */
export const UNKNOWN_KEY: LegendEntry = { label: UNKNOWN, colour: "muted", sign: "unknown" };

const lacksInterval = ({ interval }: Pick<IntervalPoint, "interval">) =>
  interval !== undefined && known(interval) === null;

/** `UNKNOWN_KEY`, where there is such a point. */
export function unknownKey(points: readonly Pick<IntervalPoint, "interval">[]): readonly LegendEntry[] {
  return when(points.some(lacksInterval), UNKNOWN_KEY);
}

/** How far an interval may widen an axis: this many times what the values take, and a factor of ten in any case. */
const WIDEST = 3;

/** The axis: all values and where "no effect" lies, and of intervals as much as does not squash the values. */
function axisOf(points: readonly IntervalPoint[], reference: number | undefined, log: boolean): [number, number] {
  const [to, from] = log ? [Math.log, Math.exp] : [Number, Number];
  const values = [...points.map((p) => p.value), ...(reference === undefined ? [] : [reference])].map(to);
  if (values.length === 0) return extent([], log);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(WIDEST * (high - low), log ? Math.log(10) : WIDEST * Math.abs(high));
  const ends = points.flatMap(({ interval }) => {
    const shown = known(interval);
    // The end of a ratio may be zero.
    return shown === null ? [] : [Math.max(to(shown.low), low - room), Math.min(to(shown.high), high + room)];
  });
  return extent([...values, ...ends.filter(Number.isFinite)].map(from), log);
}

/** Values with their intervals: a dot plot, or a forest plot where there is a reference. */
export function intervalChart(c: IntervalChart): Markup {
  const log = c.log ?? true;
  const shown = c.points.filter((p) => Number.isFinite(p.value) && (!log || p.value > 0));
  const domain = axisOf(shown, c.reference, log);
  const above = c.names === "above";
  const numberWidth = (row: string) => textWidth(c.numbers?.get(row) ?? "");
  const lines = new Map(c.rows.map((r) => [r, above ? wrapped(r, PANEL_WIDTH - 24 - numberWidth(r), 3) : [r]]));
  const besides = 12 + (above ? 0 : Math.max(0, ...c.rows.map(numberWidth)));
  const marginLeft = above ? 8 : marginFor(c.rows);
  const spread = c.oneLine === true ? 0 : 9;
  const textHeight = above ? 14 * Math.max(...[...lines.values()].map((l) => l.length)) : 0;
  const rowHeight = 18 + textHeight + spread * (c.series.length - 1) + (above ? 4 : 6);
  const width = PANEL_WIDTH - marginLeft - besides;
  const ticks = log ? logTicks(...domain, 5, width) : niceTicks(...domain, 5);
  // The last tick's number may reach beyond the axis: it must not be cut off.
  const marginRight = Math.max(besides, Math.ceil(textWidth(tickText(ticks.at(-1) ?? 0)) / 2) + 1);
  const down = textHeight / 2;
  // Below the names of rows, so that it crosses none of them.
  const upright = { stroke: "currentColor", strokeWidth: 1, insetTop: above ? textHeight + 6 : 0 };
  const own = (row: string) => row;
  const atTop = { dy: 6 - rowHeight / 2, lineAnchor: "top" } as const;
  return chart(c.label, {
    height: c.rows.length * rowHeight + 46,
    ...{ marginLeft, marginRight },
    x: { type: log ? "log" : "linear", ...below(c.xLabel), ...numbers(domain, ticks) },
    y: rowsDown(c.rows, above ? null : marginLeft),
    marks: [
      ...when(c.reference !== undefined, Plot.tickX(c.rows, { x: () => c.reference, y: own, ...upright })),
      ...c.series.flatMap((s, i) => seriesMarks(s, shown, domain, down + (i - (c.series.length - 1) / 2) * spread)),
      ...when(
        above,
        Plot.text(c.rows, {
          ...{ y: own, text: (r: string) => lines.get(r)?.join("\n") ?? r, ...HALO, ...atTop },
          ...{ frameAnchor: "left", textAnchor: "start", lineHeight: 1.15 },
        }),
      ),
      Plot.text([...(c.numbers?.keys() ?? [])], {
        ...{ y: own, text: (r: string) => c.numbers?.get(r) ?? "", ...HALO, fill: paint("muted") },
        ...{ frameAnchor: "right", textAnchor: "end", ...(above ? atTop : { dx: marginRight - 6 }) },
      }),
    ],
  });
}

function seriesMarks(
  s: Series,
  points: readonly IntervalPoint[],
  [low, high]: readonly [number, number],
  dy: number,
): Plot.Markish[] {
  const own = points.filter((p) => p.series === s.name);
  const unknown = own.filter(lacksInterval);
  const ranged = own.flatMap((p) => {
    const interval = known(p.interval);
    return interval === null ? [] : [{ row: p.row, low: interval.low, high: interval.high }];
  });
  type Range = (typeof ranged)[number];
  const stroke = paint(s.colour);
  const along = { y1: "row", y2: "row", dy, stroke };
  const arrow = (text: string, at: number, past: (r: Range) => boolean, textAnchor: "start" | "end") =>
    Plot.text(ranged.filter(past), { x: () => at, y: "row", dy, text: () => text, textAnchor, fill: stroke, ...BOLD });
  return [
    Plot.link(unknown, { x1: () => low, x2: () => high, ...along, strokeWidth: 1.2, strokeDasharray: "2 4" }),
    Plot.link(ranged, {
      ...{ x1: (r: Range) => Math.max(low, r.low), x2: (r: Range) => Math.min(high, r.high), ...along },
      ...{ strokeWidth: 2, strokeLinecap: "round" },
    }),
    arrow("\u25c2", low, (r) => r.low < low, "start"),
    arrow("\u25b8", high, (r) => r.high > high, "end"),
    Plot.dot(own, {
      ...{ x: "value", y: "row", dy, r: s.sign === "diamond" ? 4.2 : 4, symbol: s.sign, stroke, strokeWidth: 1.6 },
      fill: s.hollow === true ? paint("card") : stroke,
    }),
    Plot.text(unknown, {
      ...{ x: "value", y: "row", dx: 7, dy, text: () => "?", textAnchor: "start", ...HALO, fill: stroke, ...BOLD },
    }),
  ];
}

const BOLD = { fontWeight: 700 } as const;
