import type { Cell } from "../../matrix/cell.ts";
import { percent } from "../../schedule/unreachable-precision.ts";
import { INTERVAL_RULE, type CentreInterval, cellIntervals } from "../../stats/bootstrap.ts";
import { once } from "../../stats/math/memo.ts";
import { QUANTILE_RULE, carriedQuantile, mean, quantile } from "../../stats/math/quantile.ts";
import { type Study, loadOf, placeOf } from "../../stats/study.ts";
import type { CellData } from "../../stats/visits.ts";
import { type Figure, type Table, type TableCell, figure, fold, only, right, table } from "../blocks.ts";
import { modelTitle } from "./caveats.ts";
import { kindLegend, kindTitle, lookOf } from "../charts/colours.ts";
import { type SpreadRow, spreadChart, spreadOf } from "../charts/spread.ts";
import { askedPrecision, endText, reachedPrecision } from "../../stats/reached-precision.ts";
import { FROM_TO, PROTOCOL, imageOrder } from "./columns.ts";
import { count } from "../../../lib/words.ts";
import { formatInterval } from "../../format/numbers.ts";
import { html } from "../render/markup.ts";
import type { ReportInputs, Section } from "../section.ts";
import { formatMs } from "./paper/tables.ts";

/** What is known of one cell's latencies, milliseconds. Null: what the calls cannot carry. */
export interface CellStatistics {
  readonly cell: string;
  readonly n: number;
  readonly visits: number;
  readonly meanMs: number;
  readonly meanInterval: CentreInterval | null;
  readonly medianMs: number;
  readonly medianInterval: CentreInterval | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number;
}

/** Statistics of one cell's calls. */
export function cellStatistics(data: CellData, seed: number): CellStatistics {
  const sorted = Float64Array.from(data.totalsMs).sort();
  const intervals = cellIntervals(data, seed);
  return {
    cell: data.cell,
    n: sorted.length,
    visits: data.visits.length,
    meanMs: mean(data.totalsMs),
    meanInterval: intervals.mean,
    medianMs: quantile(sorted, 0.5),
    medianInterval: intervals.median,
    p90Ms: carriedQuantile(sorted, 0.9),
    p99Ms: carriedQuantile(sorted, 0.99),
    maxMs: sorted.at(-1) ?? NaN,
  };
}

/** Statistics of every cell that has calls, in the order of the plan. */
export const allStatistics = once((study: Study): readonly (CellStatistics & { readonly at: Cell })[] =>
  study.manifest.cells.flatMap((at) => {
    const data = study.data.get(at.id);
    return data === undefined || data.visits.length === 0 ? [] : [{ ...cellStatistics(data, study.manifest.seed), at }];
  }),
);

/** Every cell's distribution: centre with its interval, and as much of the tail as the calls can carry. */
export const distributionsSection: Section = {
  id: "distributions",
  title: "Latency of every cell, ms",
  short: "Distributions",
  blocks(inputs) {
    const { study } = inputs;
    if (study === undefined || allStatistics(study).length === 0) return [];
    const cells = cellsTable(study, inputs);
    return [
      only(["html"], spreadFigure(study), fold(`${count(cells.rows.length, "cell")} as a table`, cells)),
      only(["terminal", "markdown"], cells),
    ];
  },
  json: ({ study }) => (study === undefined ? {} : { statistics: allStatistics(study).map(forPrograms(study)) }),
};

/** A cell's statistics for programs: with its precision, and the failure, where it had one after all. */
const forPrograms =
  (study: Study) =>
  ({ at, ...statistics }: CellStatistics & { readonly at: Cell }) => {
    const failure = study.data.get(at.id)?.failure;
    const precision = { asked: askedPrecision(at, study.manifest), reached: reachedPrecision(statistics) };
    return { ...statistics, precision, ...(failure === undefined ? {} : { failure }) };
  };

/** Every cell, the failed and the unmeasured ones too, by place, model and client kind, images as the run lists them. */
function cellsTable(study: Study, { manifest, summaries, conditions }: ReportInputs): Table {
  const statistics = new Map(allStatistics(study).map((s) => [s.cell, s]));
  const images = imageOrder(manifest.images);
  const groups = Map.groupBy(manifest.cells, (c) => JSON.stringify([placeOf(c), c.model, c.clientKind]));
  const ordered = [...groups.values()].flatMap((own) => [...own].sort((a, b) => images(a.image, b.image)));
  const asked = [...new Set(manifest.cells.map((c) => askedPrecision(c, manifest)))];
  const one = asked.length === 1;
  const rows = ordered.map((cell): TableCell[] => {
    const who = [placeOf(cell), modelTitle(manifest, cell.model), kindTitle(cell.clientKind), rowOf(cell)];
    const s = statistics.get(cell.id);
    const failure = summaries.get(cell.id)?.failure;
    const [calls, visits] = [String(s?.n ?? 0), String(s?.visits ?? 0)];
    const wanted = askedPrecision(cell, manifest);
    const end = [...(one ? [] : [wanted === null ? "none" : percent(wanted)]), calls, visits];
    const why = endText(conditions?.get(cell.id));
    if (failure !== undefined)
      return [...who, { text: `failed: ${failure.code}`, tone: "bad" }, "", "", "", "", "", "", ...end, why];
    if (s === undefined || s.n === 0)
      return [...who, { text: "not measured", tone: "unsure" }, "", "", "", "", "", "", ...end, why];
    const own = reachedPrecision(s);
    const shown = (ms: number | null) => (ms === null ? "" : formatMs(ms));
    return [
      ...[...who, formatMs(s.medianMs), formatInterval(s.medianInterval, formatMs)],
      ...[own === null ? "" : `±${percent(own)}`, formatMs(s.meanMs)],
      ...[shown(s.p90Ms), shown(s.p99Ms), formatMs(s.maxMs), ...end, why],
    ];
  });
  return table({
    columns: [
      ...[FROM_TO, { title: "model" }, PROTOCOL, { title: "image" }],
      ...["median", "95 % interval", "precise\nto", "mean", "p90", "p99", "max"].map((t) => right(t)),
      ...[...(one ? [] : ["asked"]), "calls", "visits"].map((t) => right(t)),
      { title: "ended" },
    ],
    rows,
    notes: [
      `${INTERVAL_RULE}.`,
      `${QUANTILE_RULE}.`,
      "Precise to: how far the interval's ends lie from the median. Ended: precise (as asked for), all calls, time up, or failed." +
        (asked.length === 1 && asked[0] != null ? ` Asked for: ${percent(asked[0])}.` : ""),
    ],
  });
}

/** Every cell's calls, one picture for each place and model: what a mean hides. */
function spreadFigure(study: Study): Figure {
  const { manifest, data } = study;
  const images = imageOrder(manifest.images);
  const ordered = [...manifest.cells].sort((a, b) => images(a.image, b.image));
  const groups = Map.groupBy(ordered, (c) => JSON.stringify([placeOf(c), c.model]));
  const panels = [...groups.values()].flatMap((cells) => {
    const failed = new Map<string, string>();
    const spreads = cells.flatMap((c): SpreadRow[] => {
      const own = data.get(c.id);
      if (own?.failure !== undefined) failed.set(rowOf(c), `${kindTitle(c.clientKind)} failed`);
      if (own === undefined || own.totalsMs.length === 0) return [];
      return [spreadOf(rowOf(c), c.clientKind, Float64Array.from(own.totalsMs).sort())];
    });
    const [first] = cells;
    if (first === undefined) return [];
    const title = `${placeOf(first)}: ${modelTitle(manifest, first.model)}`;
    if (spreads.length === 0)
      return [{ title, text: "no call succeeded", picture: html`<p class="failed">No call succeeded.</p>` }];
    const medians = spreads.map((s) => s.middle).sort((a, b) => a - b);
    const text = `medians from ${formatMs(medians[0] ?? NaN)} to ${formatMs(medians.at(-1) ?? NaN)} ms`;
    const picture = spreadChart({
      ...{ label: `${title}: ${text}`, spreads, failed, xLabel: "latency, ms (log scale)" },
      rows: [...new Set(cells.map(rowOf))],
      series: manifest.clientKinds
        .filter((kind) => cells.some((c) => c.clientKind === kind))
        .map((kind) => ({ name: kind, ...lookOf(kind) })),
    });
    return [{ title, text, picture }];
  });
  return figure({
    title: "Where the calls of each cell lie",
    caption:
      "Thin: from the fastest call to the slowest. Thick: the middle half of the calls. White: the median. One row an image; each picture has a scale of its own.",
    legend: kindLegend(manifest.clientKinds),
    alternative: panels.map((p) => `${p.title}: ${p.text}`).join("; "),
    panels,
  });
}

function rowOf(cell: Cell): string {
  return cell.image + loadOf(cell);
}
