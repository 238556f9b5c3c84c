import * as Plot from "@observablehq/plot";
import type { Markup } from "../render/markup.ts";
import { quantile } from "../../stats/math/quantile.ts";
import { paint } from "./colours.ts";
import type { Series } from "./intervals.ts";
import { PANEL_WIDTH, below, chart, logTicks, marginFor, numbers, rowsDown } from "./plot.ts";

/** Where the calls of one cell lie. */
export interface SpreadRow {
  readonly row: string;
  readonly series: string;
  readonly low: number;
  readonly q1: number;
  readonly middle: number;
  readonly q3: number;
  readonly high: number;
}

/** The five numbers of a cell's calls. @param sorted ascending, not empty */
export function spreadOf(row: string, series: string, sorted: Float64Array): SpreadRow {
  const at = (q: number) => quantile(sorted, q);
  return { row, series, low: at(0), q1: at(0.25), middle: at(0.5), q3: at(0.75), high: at(1) };
}

/** Every cell's calls: a thin line from the fastest to the slowest, a bar over the middle half, a gap at the median. */
export function spreadChart(c: {
  readonly label: string;
  readonly rows: readonly string[];
  readonly series: readonly Series[];
  readonly spreads: readonly SpreadRow[];
  /** What failed, by row: said instead. */
  readonly failed: ReadonlyMap<string, string>;
  readonly xLabel: string;
  /** The axis: the same for all pictures that are to be compared. */
  readonly domain: readonly [number, number];
}): Markup {
  const [from, to] = c.domain;
  const step = 8;
  const rowHeight = 10 + step * c.series.length;
  const marginLeft = marginFor(c.rows);
  return chart(c.label, {
    height: c.rows.length * rowHeight + 46,
    marginLeft,
    x: {
      type: "log",
      ...below(c.xLabel),
      ...numbers([from, to], logTicks(from, to, 5, PANEL_WIDTH - marginLeft - 12)),
    },
    y: rowsDown(c.rows, marginLeft),
    marks: [
      ...c.series.flatMap((s, i): Plot.Markish[] => {
        const own = c.spreads.filter((r) => r.series === s.name);
        const dy = (i - (c.series.length - 1) / 2) * step;
        const stroke = paint(s.colour);
        const along = { y1: "row", y2: "row", dy, stroke };
        return [
          Plot.link(own, { x1: "low", x2: "high", ...along, strokeWidth: 1 }),
          Plot.link(own, { x1: "q1", x2: "q3", ...along, strokeWidth: 5 }),
          Plot.dot(own, {
            ...{ x: "middle", y: "row", dy, r: 2.4, symbol: s.sign, fill: paint("card"), stroke, strokeWidth: 1.4 },
          }),
        ];
      }),
      Plot.text([...c.failed.keys()], {
        ...{ y: (r: string) => r, text: (r: string) => c.failed.get(r) ?? "" },
        ...{ frameAnchor: "right", textAnchor: "end", fill: paint("bad"), dx: -2 },
      }),
    ],
  });
}
