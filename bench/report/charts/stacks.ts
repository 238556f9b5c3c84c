import * as Plot from "@observablehq/plot";
import type { Markup } from "../render/markup.ts";
import { paint } from "./colours.ts";
import { HALO, PANEL_WIDTH, chart, fitted, niceTicks, textWidth, tickText } from "./plot.ts";

/** One bar: its parts from left to right, and the whole that they should come to. */
export interface Bar {
  readonly name: string;
  readonly parts: readonly { readonly colour: string; readonly value: number }[];
  readonly whole: number;
  /** Written above the bar at the right. */
  readonly remark?: string;
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
  const top = 10 - ROW / 2;
  const insets = { insetTop: ROW - THICK - 10, insetBottom: 10 };
  return chart(label, {
    height: bars.length * ROW + 46,
    ...{ marginLeft: 8, marginRight: 12, marginTop: 4, marginBottom: 40 },
    x: {
      ...{ domain: [0, high], ticks: niceTicks(0, high, 5), tickFormat: tickText, tickSize: 0, grid: true },
      ...{ label: xLabel, labelAnchor: "center", labelArrow: "none", labelOffset: 36 },
    },
    y: { type: "band", domain: bars.map((b) => b.name), axis: null, padding: 0 },
    marks: [
      Plot.barX(pieces, {
        x1: "x1",
        x2: "x2",
        y: "name",
        fill: (p: { colour: string }) => paint(p.colour),
        ...insets,
        insetRight: 0.6,
      }),
      Plot.tickX(bars, {
        x: "whole",
        y: "name",
        stroke: "currentColor",
        strokeWidth: 2,
        insetTop: insets.insetTop - 1,
        insetBottom: 7,
      }),
      Plot.text(bars, {
        ...{ y: "name", text: (b: Bar) => fitted(b.name, PANEL_WIDTH - 24 - textWidth(b.remark ?? "")) },
        ...{ frameAnchor: "left", textAnchor: "start", lineAnchor: "top", dy: top - 6, ...HALO },
      }),
      Plot.text(bars, {
        ...{ y: "name", text: (b: Bar) => b.remark ?? "", fill: paint("muted") },
        ...{ frameAnchor: "right", textAnchor: "end", lineAnchor: "top", dy: top - 6, ...HALO },
      }),
    ],
  });
}
