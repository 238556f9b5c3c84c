import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { type Markup, escapeHtml, trusted } from "../render/markup.ts";

/** Width of a picture: what a phone of 360 pixels has room for. Wider screens show more pictures side by side. */
export const PANEL_WIDTH = 330;

const { document } = parseHTML("<!doctype html><body></body>") as { readonly document: unknown };

/**
 * A chart as SVG for the page: drawn once, here, so that the page needs no script. Colours are the page's own
 * (`var(--grpc)`, `currentColor`), so it follows light and dark; sizes are those of its view box, so it scales.
 *
 * @param label its text alternative
 */
export function chart(label: string, options: Plot.PlotOptions): Markup {
  const defaults = { width: PANEL_WIDTH, marginRight: 12, marginTop: 4, marginBottom: 40 };
  const drawn = Plot.plot({ ...defaults, ...options, document: document as never }) as { outerHTML: string };
  const svg = drawn.outerHTML
    .replace(/<style>.*?<\/style>/gs, "") // the page has styles of its own
    .replace(/ (?:aria-(?:label|hidden|description)|class)="[^"]*"/g, "")
    .replace(/="[^"]*\d\.\d{3}[^"]*"/g, (attribute) =>
      attribute.replace(/-?\d+\.\d{3,}/g, (n) => Number(n).toFixed(2)),
    );
  return trusted(svg.replace(/^<svg/, `<svg role="img" aria-label="${escapeHtml(label)}"`));
}

/** A label below a horizontal axis. */
export function below(label: string): Plot.ScaleOptions {
  return { label, labelAnchor: "center", labelArrow: "none", labelOffset: 36, tickSize: 0 };
}

/** An axis of numbers, with a grid in place of tick lines. */
export function numbers(domain: readonly [number, number], ticks: number[]): Plot.ScaleOptions {
  return { domain, ticks, tickFormat: tickText, tickSize: 0, grid: true };
}

/** A vertical axis of rows by name, cut to what the margin has room for; null: without their names. */
export function rowsDown(domain: readonly string[], marginLeft: number | null): Plot.ScaleOptions {
  const named = { tickSize: 0, tickFormat: (row: string) => fitted(row, (marginLeft ?? 0) - 6) };
  return { type: "band", domain, label: null, padding: 0, ...(marginLeft === null ? { axis: null } : named) };
}

/** A margin for names of rows. */
export function marginFor(rows: readonly string[]): number {
  return Math.min(130, 14 + Math.max(0, ...rows.map(textWidth)));
}

/** Steps within a ten, coarse to fine, for ticks of a logarithmic axis. */
const LOG_STEPS = ["1 2 5", "1 3", "1", "1 2 3 5", "1 1.5 2 3 5 7", "1 1.2 1.5 2 2.5 3 4 5 6 8"].map((steps) =>
  steps.split(" ").map(Number),
);

/** How much of an axis may lie beyond its first and its last tick. */
const BARE_SHARE = 0.3;

/**
 * Positions for ticks of a logarithmic axis: round steps, the coarsest whose ticks reach near both ends; linear ones where the
 * axis is too short for those.
 *
 * @param width pixels that the axis is long, where ticks' numbers stand side by side: none lies on another
 */
export function logTicks(low: number, high: number, most = 6, width = Infinity): number[] {
  const span = Math.log(high / low);
  const reaches = (ticks: readonly number[]) =>
    Math.max(Math.log((ticks[0] ?? low) / low), Math.log(high / (ticks.at(-1) ?? high))) <= BARE_SHARE * span;
  const stand = (ticks: readonly number[]) => apart(ticks, (a, b) => (width * Math.log(b / a)) / span);
  const at = (steps: readonly number[], tens: number) => {
    const ticks: number[] = [];
    for (let e = tens * Math.floor(Math.log10(low) / tens); 10 ** e <= high; e += tens)
      ticks.push(...steps.map((step) => Number((step * 10 ** e).toPrecision(2))));
    return ticks.filter((tick) => tick >= low && tick <= high);
  };
  const stepped = [...LOG_STEPS.map((steps) => at(steps, 1)), ...[2, 3, 4, 6].map((tens) => at([1], tens))].filter(
    (ticks) => ticks.length <= most && reaches(ticks) && stand(ticks),
  );
  const linear = Array.from({ length: most }, (_, i) => niceTicks(low, high, most - i).filter((t) => t > 0)).filter(
    stand,
  );
  for (const fewest of [3, 2]) for (const ticks of [...stepped, ...linear]) if (ticks.length >= fewest) return ticks;
  return linear.at(-1) ?? [];
}

/** Whether numbers of ticks have room side by side. */
function apart(ticks: readonly number[], pixels: (from: number, to: number) => number): boolean {
  const half = (tick: number) => textWidth(tickText(tick)) / 2;
  return ticks.slice(1).every((tick, i) => {
    const before = ticks[i] as number;
    return pixels(before, tick) >= half(before) + half(tick);
  });
}

/** Round positions for ticks between two numbers. */
export function niceTicks(low: number, high: number, most = 6): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(span / most));
  const step = [1, 2, 5, 10].map((s) => s * power).find((s) => span / s <= most) ?? span;
  const [first, last] = [Math.ceil(low / step), Math.floor(high / step + 1e-9)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** A tick's number: thousands apart, no more digits than it has. */
export function tickText(value: number): string {
  return value.toLocaleString("en-GB", { maximumSignificantDigits: 4 }).replaceAll(",", "\u2009");
}

/** The range of some numbers with room at both ends; on a logarithmic axis as factors. */
export function extent(values: readonly number[], log: boolean): [number, number] {
  const finite = values.filter((v) => Number.isFinite(v) && (!log || v > 0));
  if (finite.length === 0) return [1, 2];
  const low = finite.reduce((least, v) => Math.min(least, v));
  const high = finite.reduce((most, v) => Math.max(most, v));
  const factor = Math.max(1.03, (high / low) ** 0.05);
  const room = (high - low || Math.abs(high) || 1) * 0.05;
  return log ? [low / factor, high * factor] : [low - room, high + room];
}

/** A text's rough width in the page's font at 12 pixels; fonts differ, so rather too much than too little. */
export function textWidth(text: string): number {
  return text.length * CHARACTER;
}

const CHARACTER = 6.9;

/** Text stands out from the lines behind it. */
export const HALO = { fill: "currentColor", stroke: "var(--card)", strokeWidth: 4, strokeLinejoin: "round" } as const;

/** A text in lines of a width, broken between words; what does not fit into so many lines is cut. */
export function wrapped(text: string, width: number, most: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  const kept = lines.slice(0, most);
  if (lines.length > most) kept[most - 1] = `${kept[most - 1]} …`;
  return kept.map((line) => fitted(line, width));
}

/** A text cut to a width, its end shown as an ellipsis. */
export function fitted(text: string, width: number): string {
  const most = Math.floor(width / CHARACTER);
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`;
}
