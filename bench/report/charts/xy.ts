import * as Plot from "@observablehq/plot";
import type { Markup } from "../render/markup.ts";
import { paint } from "./colours.ts";
import type { Series } from "./intervals.ts";
import { PANEL_WIDTH, below, chart, extent, logTicks, niceTicks, numbers, textWidth, tickText } from "./plot.ts";

/** Points of one sign and colour. */
export interface XySeries extends Series {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Joined by a line in the order of the points. */
  readonly line?: boolean;
  /** Written beside the last point. */
  readonly title?: string;
}

/** A scale, the same for all pictures that are to be compared. */
export interface Scale {
  readonly label: string;
  readonly domain: readonly [number, number];
  readonly log: boolean;
}

/** The scale of some numbers. Empty or not finite ones do not count. */
export function scaleOf(label: string, values: readonly number[], log: boolean): Scale {
  return { label, domain: extent(values, log), log };
}

/** Points over two numbers: latency over time, over payload, over the rate. `reference`: a line across, where "no change" lies. */
export function xyChart(c: {
  readonly label: string;
  readonly series: readonly XySeries[];
  readonly x: Scale;
  readonly y: Scale;
  readonly reference?: number;
  /** Default: 210. */
  readonly height?: number;
}): Markup {
  const yTicks = ticksOf(c.y, 6, Infinity);
  const marginLeft = Math.max(40, 12 + Math.max(0, ...yTicks.map((t) => textWidth(tickText(t)))));
  const marginRight = 12 + Math.max(0, ...c.series.map((s) => textWidth(s.title ?? "")));
  const width = PANEL_WIDTH - marginLeft - marginRight;
  const inside = (p: { x: number; y: number }) => [c.x, c.y].every(({ log }, i) => !log || (i === 0 ? p.x : p.y) > 0);
  const clamp = (value: number, [low, high]: readonly [number, number]) => Math.min(high, Math.max(low, value));
  return chart(c.label, {
    height: c.height ?? 210,
    ...{ marginLeft, marginRight },
    marginTop: 22,
    x: { type: c.x.log ? "log" : "linear", ...below(c.x.label), ...numbers([...c.x.domain], ticksOf(c.x, 5, width)) },
    y: {
      ...{ type: c.y.log ? "log" : "linear", label: c.y.label, labelAnchor: "top", labelArrow: "none" },
      ...numbers([...c.y.domain], yTicks),
    },
    marks: [
      ...(c.reference === undefined ? [] : [Plot.ruleY([c.reference], { stroke: "currentColor", strokeWidth: 1 })]),
      ...c.series.flatMap((s): Plot.Markish[] => {
        const points = s.points
          .filter(inside)
          .map(({ x, y }) => ({ x: clamp(x, c.x.domain), y: clamp(y, c.y.domain) }));
        const stroke = paint(s.colour);
        return [
          ...(s.line === true ? [Plot.line(points, { x: "x", y: "y", stroke, strokeWidth: 1.4 })] : []),
          Plot.dot(points, {
            ...{ x: "x", y: "y", r: s.line === true ? 3 : 2, symbol: s.sign, stroke, strokeWidth: 1 },
            ...(s.hollow === true
              ? { fill: paint("card") }
              : { fill: stroke, fillOpacity: s.line === true ? 1 : 0.55 }),
          }),
          Plot.text(points.slice(-1), {
            x: "x",
            y: "y",
            text: () => s.title ?? "",
            dx: 7,
            textAnchor: "start",
            fill: stroke,
          }),
        ];
      }),
    ],
  });
}

function ticksOf({ domain: [low, high], log }: Scale, most: number, width: number): number[] {
  return log ? logTicks(low, high, most, width) : niceTicks(low, high, most);
}
