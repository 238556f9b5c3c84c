import * as Plot from "@observablehq/plot";
import type { Markup } from "../render/markup.ts";
import { paint } from "./colours.ts";
import type { Series } from "./intervals.ts";
import { below, chart, extent, logTicks, numbers, textWidth, tickText } from "./plot.ts";

/** One curve over some categories: a model and client over the images. */
export interface Curve extends Series {
  /** Written at its right end. */
  readonly title: string;
  readonly points: readonly { readonly x: string; readonly y: number }[];
  /** Somebody else's number for the whole curve, drawn as a dashed line. */
  readonly level?: number;
}

/** The axis that has room for some curves. */
export function profileDomain(curves: readonly Curve[]): [number, number] {
  return extent(
    curves.flatMap((k) => [...k.points.map((p) => p.y), ...(k.level === undefined ? [] : [k.level])]),
    true,
  );
}

/** Curves over categories, logarithmic: how latency goes from image to image, and where the paper's mean lies. */
export function profileChart(c: {
  readonly label: string;
  readonly xs: readonly string[];
  readonly curves: readonly Curve[];
  readonly xLabel: string;
  readonly yLabel: string;
  /** The axis: the same for all pictures that are to be compared (`profileDomain`). */
  readonly domain: readonly [number, number];
}): Markup {
  const domain: [number, number] = [...c.domain];
  const height = 270;
  const heights = endLabels(c.curves, domain, height - 60);
  const ticks = logTicks(...domain, 7);
  const marginLeft = Math.max(44, 10 + Math.max(0, ...ticks.map((t) => textWidth(tickText(t)))));
  return chart(c.label, {
    height,
    ...{ marginLeft, marginRight: 12 + Math.max(0, ...c.curves.map((k) => textWidth(k.title))) },
    marginTop: 20,
    x: { type: "point", domain: c.xs, ...below(c.xLabel) },
    y: { type: "log", ...numbers(domain, ticks), label: c.yLabel, labelAnchor: "top", labelArrow: "none" },
    marks: c.curves.flatMap((k): Plot.Markish[] => {
      const stroke = paint(k.colour);
      return [
        ...(k.level === undefined ? [] : [Plot.ruleY([k.level], { stroke, strokeDasharray: "3 4", strokeWidth: 1.3 })]),
        Plot.line([...k.points], { x: "x", y: "y", stroke, strokeWidth: 1.4 }),
        Plot.dot([...k.points], { x: "x", y: "y", r: 3, symbol: k.sign, fill: stroke, stroke }),
        Plot.text(k.points.slice(-1), {
          ...{ x: "x", y: () => heights.get(k) ?? 1, text: () => k.title, dx: 10, textAnchor: "start", fill: stroke },
        }),
      ];
    }),
  });
}

/** Where the names at the ends of curves go, so that none lies on another. Heights in data. */
function endLabels(curves: readonly Curve[], [low, high]: [number, number], pixels: number): Map<Curve, number> {
  const span = Math.log(high / low);
  const gap = (13 / pixels) * span;
  const ends = curves
    .map((k) => ({ k, log: Math.log(k.points.at(-1)?.y ?? NaN) }))
    .filter((e) => Number.isFinite(e.log))
    .sort((a, b) => a.log - b.log);
  ends.forEach((e, i) => {
    const before = ends[i - 1];
    if (before !== undefined) e.log = Math.max(e.log, before.log + gap);
  });
  return new Map(ends.map(({ k, log }) => [k, Math.exp(log)]));
}
