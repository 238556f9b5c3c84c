import { describe, expect, it } from "vitest";
import { HOSTILE } from "../../testing/report.ts";
import { kindLegend, kindTitle, lookOf } from "./colours.ts";
import type { Interval } from "../../stats/math/estimate.ts";
import { UNKNOWN_KEY, intervalChart, unknownKey } from "./intervals.ts";
import { PANEL_WIDTH, extent, fitted, logTicks, niceTicks, textWidth, tickText, wrapped } from "./plot.ts";
import { spreadOf } from "./spread.ts";
import { stackChart } from "./stacks.ts";

describe("ticks", () => {
  it("of a logarithmic axis are round, few, and within it", () => {
    expect(logTicks(8, 120)).toEqual([10, 20, 50, 100]);
    expect(logTicks(0.9, 5000, 5)).toEqual([1, 10, 100, 1000]);
    expect(logTicks(1.01, 1.62)).toEqual([1.2, 1.4, 1.6]);
    expect(niceTicks(0, 4000, 5)).toEqual([0, 1000, 2000, 3000, 4000]);
    expect(niceTicks(-0.3, 0.3, 4)).toEqual([-0.2, 0, 0.2]);
    expect(tickText(12000)).toBe("12\u2009000");
  });

  it("of a logarithmic axis reach near both ends, and do not lie on each other", () => {
    expect(logTicks(440, 3900, 5, 240)).toEqual([500, 1000, 2000, 3000]);
    for (const [low, high] of [
      [1310, 3700],
      [590, 3900],
      [0.97, 1.5],
      [0.999, 1.001],
      [1e-6, 1e6],
      [31, 107],
    ] as const) {
      const ticks = logTicks(low, high, 5, 200);
      const at = (t: number) => (200 * Math.log(t / low)) / Math.log(high / low);
      expect(ticks.length).toBeGreaterThanOrEqual(2);
      expect(ticks.length).toBeLessThanOrEqual(5);
      for (const [i, tick] of ticks.slice(1).entries()) {
        const before = ticks[i] as number;
        const room = (textWidth(tickText(before)) + textWidth(tickText(tick))) / 2;
        expect(at(tick) - at(before)).toBeGreaterThanOrEqual(room);
      }
    }
  });

  it("have room for all values at both ends", () => {
    const [low, high] = extent([10, 1000, NaN, -1], true);
    expect(low).toBeLessThan(10);
    expect(low).toBeGreaterThan(0);
    expect(high).toBeGreaterThan(1000);
    expect(extent([], true)).toEqual([1, 2]);
  });
});

describe("names in charts", () => {
  it("are broken between words, and cut where there is no room", () => {
    expect(wrapped("one two three", textWidth("one two"), 3)).toEqual(["one two", "three"]);
    expect(wrapped("one two three four", textWidth("one"), 2)).toEqual(["one", "tw…"]);
    expect(fitted("abcdefgh", textWidth("abcd"))).toBe("abc…");
  });

  it("tell protocol and client kind, each with its own colour and its protocol's sign", () => {
    expect(kindTitle("probe")).toBe("gRPC (probe)");
    expect(lookOf("grpc-js")).toEqual({ colour: "protocol-1-2", sign: "circle" });
    const looks = kindLegend(["probe", "grpc-js", "rest", "rest-b64"]);
    expect(new Set(looks.map((l) => l.colour)).size).toBe(4);
    expect(looks.map((l) => l.sign)).toEqual(["circle", "circle", "diamond", "diamond"]);
  });
});

describe("charts", () => {
  const chart = intervalChart({
    label: HOSTILE,
    rows: [HOSTILE, "b"],
    series: [{ name: "s", colour: "protocol-1", sign: "circle" }],
    points: [
      { row: HOSTILE, series: "s", value: 10, interval: { low: 8, high: 12 } },
      { row: "b", series: "s", value: 20 },
      { row: "b", series: "s", value: NaN },
    ],
    xLabel: "latency, ms",
    names: "above",
  }).text;

  it("are pictures with a text alternative, in colours of the page, without styles or scripts of their own", () => {
    expect(chart).toMatch(/^<svg role="img" aria-label="=1\+1 &#60;img /);
    expect(chart).toContain("var(--protocol-1)");
    expect(chart.replace(/="[^"]*"/g, "")).not.toMatch(/<(style|script|img)|class|href|\son\w+/);
    expect(chart).toContain(`viewBox="0 0 ${PANEL_WIDTH} `);
  });

  it("draw an interval where there is one, and no point for what is no number", () => {
    expect(chart.match(/stroke-linecap="round"[^>]*>(<path[^>]*>)/g)).toHaveLength(1);
    expect(chart).not.toContain("NaN");
  });

  const drawn = (interval: Interval | null | undefined, log = true) =>
    intervalChart({
      ...{
        label: "l",
        rows: ["a", "b"],
        series: [{ name: "s", colour: "protocol-1", sign: "circle" }],
        xLabel: "x",
        log,
      },
      points: [
        { row: "a", series: "s", value: 10, interval: { low: 9, high: 11 } },
        { row: "b", series: "s", value: 12, ...(interval === undefined ? {} : { interval }) },
      ],
    }).text;
  const marksOf = (text: string) => [/stroke-dasharray="2 4"[^>]*><path/.test(text), />\?<\/text>/.test(text)];

  it("draw a value without its interval as a dashed line with a question mark, and never as a dot alone", () => {
    for (const interval of [null, { low: 0, high: Infinity }, { low: NaN, high: NaN }])
      expect(marksOf(drawn(interval))).toEqual([true, true]);
    expect(marksOf(drawn({ low: 10, high: 14 }))).toEqual([false, false]);
    expect(marksOf(drawn(undefined))).toEqual([false, false]);
    expect(unknownKey([{ interval: null }])).toEqual([UNKNOWN_KEY]);
    expect(unknownKey([{ interval: { low: 1, high: 2 } }, {}])).toEqual([]);
  });

  it("let no huge interval squash the others: it is cut off, with an arrow", () => {
    for (const log of [true, false]) {
      const text = drawn({ low: 1e-9, high: 1e9 }, log);
      const xs = [...text.matchAll(/M([\d.]+),[\d.]+L([\d.]+),/g)].map(([, a, b]) => Number(b) - Number(a));
      expect(text).toContain("\u25b8");
      expect(text).not.toMatch(/NaN|Infinity/);
      // The narrow one is still more than a dot.
      expect(Math.min(...xs.filter((x) => x > 0))).toBeGreaterThan(4);
    }
    expect(drawn({ low: 10, high: 14 })).not.toContain("\u25b8");
  });

  it("have the upright line below the names of rows, not through them", () => {
    const text = intervalChart({
      ...{ label: "l", rows: ["a long name"], series: [{ name: "s", colour: "ink", sign: "circle" }], xLabel: "x" },
      ...{ names: "above", reference: 1, points: [{ row: "a long name", series: "s", value: 2 }] },
    }).text;
    const [, y2, y1] = /<g stroke="currentColor"><line y2="([\d.]+)" y1="([\d.]+)"/.exec(text) ?? [];
    expect(Number(y1)).toBeGreaterThan(4 + 14);
    expect(Number(y2)).toBeGreaterThan(Number(y1));
  });

  it("stack the parts that are above zero, and mark the whole", () => {
    const parts = [
      { colour: "compute", value: 30 },
      { colour: "network", value: -2 },
      { colour: "server", value: 8 },
    ];
    const text = stackChart("parts", [{ name: "edge", parts, whole: 40, remark: "40 ms" }], "ms").text;
    expect(text.match(/<rect [^>]*width="[\d.]+"/g)).toHaveLength(2);
    expect(text).toContain("40 ms");
  });

  it("show a cell by its five numbers", () => {
    expect(spreadOf("r", "s", Float64Array.of(1, 2, 3, 4, 9))).toEqual({
      ...{ row: "r", series: "s", low: 1, q1: 2, middle: 3, q3: 4, high: 9 },
    });
  });
});
