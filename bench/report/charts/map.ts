import * as Plot from "@observablehq/plot";
import type { Markup } from "../render/markup.ts";
import { paint } from "./colours.ts";
import { HALO, PANEL_WIDTH, below, chart, logTicks, numbers } from "./plot.ts";

/** A field of a map: its middle, and to which region it belongs. */
export interface MapField {
  readonly x: number;
  readonly y: number;
  readonly region: string;
  /** The region is not sure here: the field is hatched by a dot. */
  readonly unsure: boolean;
}

/** A map over two logarithmic scales: a field of colour for each point of a grid, the name of each region written into it. */
export function regionMap(c: {
  readonly label: string;
  readonly fields: readonly MapField[];
  readonly xLabel: string;
  readonly yLabel: string;
  /** A colour of the page for each region. */
  readonly colours: Readonly<Record<string, string>>;
  /** Points to show on it, each with a name. */
  readonly marks: readonly { readonly x: number; readonly y: number; readonly name: string }[];
}): Markup {
  const xs = [...new Set(c.fields.map((f) => f.x))].sort((a, b) => a - b);
  const ys = [...new Set(c.fields.map((f) => f.y))].sort((a, b) => a - b);
  const [xStep, yStep] = [stepOf(xs), stepOf(ys)];
  const domain = (all: readonly number[], step: number): [number, number] => [
    (all[0] ?? 1) / step,
    (all.at(-1) ?? 1) * step,
  ];
  const [xDomain, yDomain] = [domain(xs, xStep), domain(ys, yStep)];
  const marginLeft = 52;
  const width = PANEL_WIDTH - marginLeft - 12;
  return chart(c.label, {
    height: 240,
    ...{ marginLeft, marginTop: 22 },
    x: { type: "log", ...below(c.xLabel), ...numbers(xDomain, logTicks(...xDomain, 6, width)), grid: false },
    y: {
      ...{ type: "log", label: c.yLabel, labelAnchor: "top", labelArrow: "none" },
      ...numbers(yDomain, logTicks(...yDomain, 6)),
      grid: false,
    },
    marks: [
      Plot.rect(c.fields, {
        x1: (f: MapField) => f.x / xStep,
        x2: (f: MapField) => f.x * xStep,
        y1: (f: MapField) => f.y / yStep,
        y2: (f: MapField) => f.y * yStep,
        fill: (f: MapField) => paint(c.colours[f.region] ?? "muted"),
        fillOpacity: (f: MapField) => (f.unsure ? 0.22 : 0.5),
      }),
      Plot.text(namesOf(c.fields), { x: "x", y: "y", text: "region", fontWeight: 600, ...HALO }),
      Plot.dot(c.marks, { x: "x", y: "y", r: 3, symbol: "diamond", fill: "currentColor" }),
      Plot.text(c.marks, { x: "x", y: "y", text: "name", dy: -10, ...HALO }),
    ],
  });
}

/** Half the distance of neighbours, as a factor. */
const stepOf = (all: readonly number[]) => Math.sqrt((all[1] ?? 2) / (all[0] ?? 1));

/** Where a region's name stands: in the field that is nearest to the middle of its fields. */
function namesOf(fields: readonly MapField[]) {
  return [...Map.groupBy(fields, (f) => f.region)].flatMap(([region, own]) => {
    const middle = (of: (f: MapField) => number) => own.reduce((sum, f) => sum + Math.log(of(f)), 0) / own.length;
    const [x, y] = [middle((f) => f.x), middle((f) => f.y)];
    const far = (f: MapField) => (Math.log(f.x) - x) ** 2 + (Math.log(f.y) - y) ** 2;
    const [nearest] = own.toSorted((a, b) => far(a) - far(b));
    return nearest === undefined ? [] : [{ ...nearest, region }];
  });
}
