import * as Plot from "@observablehq/plot";
import type { Markup } from "../render/markup.ts";
import { paint } from "./colours.ts";
import { HALO, PANEL_WIDTH, below, chart, fitted, niceTicks, numbers, rowsDown, textWidth } from "./plot.ts";

/** One bar: its parts from left to right, and the whole that they should come to. */
export interface Bar {
  readonly name: string;
  readonly parts: readonly { readonly colour: string; readonly value: number }[];
  readonly whole: number;
  /** Written above the bar at the right. */
  readonly remark: string;
}

const ROW = 40;
const THICK = 14;

/** Bars of stacked parts with a mark at the whole. A part below zero (a difference of measurements can be) is left out: the caption must say so. */
export function stackChart(label: string, bars: readonly Bar[], xLabel: string): Markup {
  const pieces = bars.flatMap(({ name, parts }) => {
    let x = 0;
    return parts.flatMap(({ colour, value }) => {
      if (!(value > 0)) return [];
      const piece = { name, colour, x1: x, x2: x + value };
      x = piece.x2;
      return [piece];
    });
  });
  const high = Math.max(...bars.map((b) => b.whole), ...pieces.map((p) => p.x2)) * 1.03;
  const insetTop = ROW - THICK - 10;
  const above = { ...HALO, y: "name", lineAnchor: "top", dy: 4 - ROW / 2 } as const;
  return chart(label, {
    height: bars.length * ROW + 46,
    marginLeft: 8,
    x: { ...below(xLabel), ...numbers([0, high], niceTicks(0, high, 5)) },
    y: rowsDown(
      bars.map((b) => b.name),
      null,
    ),
    marks: [
      Plot.barX(pieces, {
        ...{ x1: "x1", x2: "x2", y: "name", fill: (p: { colour: string }) => paint(p.colour) },
        ...{ insetTop, insetBottom: 10, insetRight: 0.6 },
      }),
      Plot.tickX(bars, {
        ...{ x: "whole", y: "name", stroke: "currentColor", strokeWidth: 2 },
        ...{ insetTop: insetTop - 1, insetBottom: 7 },
      }),
      Plot.text(bars, {
        ...{ text: (b: Bar) => fitted(b.name, PANEL_WIDTH - 24 - textWidth(b.remark)) },
        ...{ frameAnchor: "left", textAnchor: "start", ...above },
      }),
      Plot.text(bars, { text: "remark", frameAnchor: "right", textAnchor: "end", ...above, fill: paint("muted") }),
    ],
  });
}
