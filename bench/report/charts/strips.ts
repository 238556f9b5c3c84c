import * as Plot from "@observablehq/plot";
import type { Markup } from "../render/markup.ts";
import { paint } from "./colours.ts";
import { HALO, PANEL_WIDTH, below, chart, logTicks, niceTicks, numbers, rowsDown } from "./plot.ts";

/** Calls of one visit: a row of dots. */
export interface Strip {
  readonly row: string;
  readonly callsMs: readonly number[];
}

const ROW = 9;

/**
 * Every call as a dot, a row a visit, with an upright line at each speed: whether a cell's speeds change from call to call or from visit to
 * visit is seen by whether one row has both.
 */
export function stripChart(c: {
  readonly label: string;
  readonly strips: readonly Strip[];
  readonly modesMs: readonly number[];
  readonly colour: string;
  readonly domain: readonly [number, number];
  readonly xLabel: string;
}): Markup {
  const rows = c.strips.map((s) => s.row);
  const dots = c.strips.flatMap((s) => s.callsMs.map((ms) => ({ row: s.row, ms })));
  const marginLeft = 12;
  const [low, high] = c.domain;
  const ticks = high > 3 * low ? logTicks(low, high, 5, PANEL_WIDTH - 24) : niceTicks(low, high, 5);
  const stroke = paint(c.colour);
  return chart(c.label, {
    height: Math.max(3, rows.length) * ROW + 64,
    marginLeft,
    marginTop: 18,
    x: { type: "log", ...below(c.xLabel), ...numbers([low, high], ticks) },
    y: rowsDown(rows, null),
    marks: [
      Plot.ruleX([...c.modesMs], { stroke: "currentColor", strokeWidth: 1, strokeDasharray: "3 3" }),
      Plot.text([...c.modesMs], {
        ...{ x: (ms: number) => ms, text: (ms: number) => `${ms >= 10 ? ms.toFixed(0) : ms.toFixed(1)} ms` },
        ...{ frameAnchor: "top", dy: -12, ...HALO },
      }),
      Plot.dot(dots, { x: "ms", y: "row", r: 2.6, stroke, strokeWidth: 1, fill: stroke, fillOpacity: 0.45 }),
    ],
  });
}
