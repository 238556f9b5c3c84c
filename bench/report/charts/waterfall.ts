import * as Plot from "@observablehq/plot";
import type { Markup } from "../render/markup.ts";
import { paint } from "./colours.ts";
import { HALO, PANEL_WIDTH, below, chart, niceTicks, numbers, rowsDown, textWidth } from "./plot.ts";

/** A step of a call, from when it begins to when it ends; milliseconds from the call's begin. */
export interface Step {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly colour: string;
  /** Written beside its bar. */
  readonly remark: string;
}

const ROW = 24;

/** The steps of a call one below the other, each where it lies in time. */
export function waterfallChart(label: string, steps: readonly Step[], endMs: number, xLabel: string): Markup {
  const marginLeft = 12 + Math.max(...steps.map((s) => textWidth(s.name)));
  const room = PANEL_WIDTH - marginLeft - 12;
  // A remark stands right of its bar, or left of it where there is no room.
  const right = (s: Step) => ((endMs - s.toMs) / endMs) * room > textWidth(s.remark) + 8;
  const left = (s: Step) => !right(s) && (s.fromMs / endMs) * room > textWidth(s.remark) + 8;
  const inside = (s: Step) => !right(s) && !left(s);
  const remark = (own: readonly Step[], x: (s: Step) => number, dx: number, textAnchor: "start" | "end") =>
    Plot.text(own, { x, y: "name", text: "remark", dx, textAnchor, ...HALO });
  return chart(label, {
    height: steps.length * ROW + 46,
    marginLeft,
    x: { ...below(xLabel), ...numbers([0, endMs], niceTicks(0, endMs, 5)) },
    y: {
      ...rowsDown(
        steps.map((s) => s.name),
        marginLeft,
      ),
    },
    marks: [
      Plot.barX(steps, {
        ...{ x1: "fromMs", x2: (s: Step) => Math.max(s.toMs, s.fromMs + endMs / 200), y: "name" },
        ...{ fill: (s: Step) => paint(s.colour), insetTop: 5, insetBottom: 5 },
      }),
      remark(steps.filter(right), (s) => s.toMs, 5, "start"),
      remark(steps.filter(left), (s) => s.fromMs, -5, "end"),
      remark(steps.filter(inside), (s) => s.toMs, -5, "end"),
    ],
  });
}
