import * as Plot from "@observablehq/plot";
import type { Markup } from "../render/markup.ts";
import { paint } from "./colours.ts";
import { below, chart, niceTicks, numbers, rowsDown, textWidth } from "./plot.ts";

/** A step of a call, from when it begins to when it ends; milliseconds from the call's begin. */
export interface Step {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly colour: string;
  /** Written beside its name: how long it takes. */
  readonly remark: string;
}

const ROW = 22;

/** The steps of a call one below the other, each where it lies in time. */
export function waterfallChart(label: string, steps: readonly Step[], endMs: number, xLabel: string): Markup {
  const name = (s: Step) => `${s.name} ${s.remark}`;
  const marginLeft = 12 + Math.max(...steps.map((s) => textWidth(name(s))));
  return chart(label, {
    height: steps.length * ROW + 46,
    marginLeft,
    x: { ...below(xLabel), ...numbers([0, endMs], niceTicks(0, endMs, 5)) },
    y: rowsDown(steps.map(name), marginLeft),
    marks: [
      Plot.barX(steps, {
        ...{ x1: "fromMs", x2: (s: Step) => Math.max(s.toMs, s.fromMs + endMs / 200), y: name },
        ...{ fill: (s: Step) => paint(s.colour), insetTop: 4, insetBottom: 4 },
      }),
    ],
  });
}
