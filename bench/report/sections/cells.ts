import { loadTitle } from "../../loads/registry.ts";
import { type Cell, isPlain } from "../../matrix/cell.ts";
import { percent } from "../../schedule/unreachable-precision.ts";
import { type CellStatistics, allStatistics } from "../../stats/cell-statistics.ts";
import { type CellFloor, cellFloors } from "../../stats/floor/cells.ts";
import { groupsBut, levelsOf, shownAxes } from "../../stats/levels.ts";
import type { Untold } from "../../stats/load/untold.ts";
import type { Study } from "../../stats/study.ts";
import { type Figure, type Table, type TableCell, figure, fold, only, rights, table } from "../blocks.ts";
import { kindLegend, kindTitle, lookOf } from "../charts/colours.ts";
import { extent } from "../charts/plot.ts";
import { type SpreadRow, spreadChart, spreadOf } from "../charts/spread.ts";
import { askedPrecision, endText, reachedPrecision } from "../../stats/reached-precision.ts";
import { UNTOLD_WORDS } from "../answer/names.ts";
import { axisCells, axisColumns, imageOrder } from "./columns.ts";
import { count } from "../../../lib/words.ts";
import { when } from "../../format/when.ts";
import { formatMs, intervalOrWhy, narrow } from "../../format/numbers.ts";
import { html } from "../render/markup.ts";
import type { ReportInputs, Section } from "../section.ts";

/** Every cell: where its calls lie, and a table of it that readers sort and filter. */
export const cellsSection: Section = {
  id: "cells",
  title: "Every cell",
  short: "Cells",
  blocks(inputs) {
    const { study } = inputs;
    if (study === undefined || allStatistics(study).length + (study.untold?.size ?? 0) === 0) return [];
    const cells = cellsTable(study, inputs);
    return [
      only(
        ["html"],
        fold("Where the calls of each cell lie: a picture for each place and model", spreadFigure(study)),
        fold(`${count(cells.rows.length, "cell")} as a table: sort, filter`, cells),
      ),
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
    return { ...statistics, precision, ...(failure && { failure }) };
  };

/** Every cell, the failed and the unmeasured ones too: those that differ in their image alone together, images as the run lists them. */
function cellsTable(study: Study, inputs: ReportInputs): Table {
  const { manifest, axes } = inputs;
  const shown = shownAxes(manifest.cells, axes);
  const images = imageOrder(manifest.images);
  const groups = groupsBut(manifest.cells, axes, ["image"]);
  const ordered = groups.flatMap((own) => [...own].sort((a, b) => images(a.image, b.image)));
  const asked = [...new Set(manifest.cells.map((c) => askedPrecision(c, manifest)))];
  const one = asked.length === 1;
  const statistics = new Map(allStatistics(study).map((s) => [s.cell, s]));
  const calls = (id: string) => statistics.get(id)?.n ?? study.loaded?.get(id)?.totalsMs.length ?? 0;
  const floors = cellFloors(study);
  const rows = ordered.map((cell): TableCell[] => {
    const s = statistics.get(cell.id);
    const wanted = askedPrecision(cell, manifest);
    return [
      ...axisCells(levelsOf(cell, axes), shown, manifest),
      ...figuresOf(s, inputs.summaries.get(cell.id)?.failure?.code, study.untold?.get(cell.id)),
      ...floorOf(floors.get(cell.id)),
      ...when(!one, wanted === null ? "none" : percent(wanted)),
      ...[
        String(calls(cell.id)),
        String(s?.visits ?? study.loaded?.get(cell.id)?.visits.length ?? 0),
        endText(inputs.conditions?.get(cell.id)),
      ],
    ];
  });
  return table({
    columns: [
      ...axisColumns(shown),
      ...rights("median, ms", "95 % interval", "± %", "mean", "p95", "p99", "max", "floor", "times\nfloor"),
      ...rights(...when(!one, "asked"), "calls", "visits"),
      "ended",
    ],
    rows,
    notes: [
      "Ended: precise (as precise as asked for), all calls (made), time up, or failed." +
        (one && asked[0] != null ? ` Asked for: ${percent(asked[0])}.` : ""),
      ...when(
        [...floors.values()].some(({ wayFrom }) => wayFrom === "connection"),
        "The floor of a remote cell without a link is the time on the server's own machine, and the shortest round trip that the client's kernel saw on the connection. The bandwidth is not known, so no call takes less, but the least may be more.",
      ),
    ],
    method: "cells",
    sortable: true,
  });
}

/** The least that a cell's calls can take over their link, and how many times as long they took. */
const floorOf = (floor: CellFloor | undefined): TableCell[] =>
  floor === undefined ? ["", ""] : [formatMs(floor.floor.ms), floor.ratio.toFixed(2)];

/** A cell's latencies, from the median to the longest; instead of them why there are none. */
function figuresOf(
  s: CellStatistics | undefined,
  failure: string | undefined,
  untold: Untold | undefined,
): TableCell[] {
  if (failure !== undefined || s === undefined || s.n === 0) {
    const why: TableCell =
      failure !== undefined
        ? { text: `failed: ${failure}`, tone: "bad" }
        : untold !== undefined
          ? { text: UNTOLD_WORDS[untold.kind], tone: untold.kind === "load" ? "muted" : "bad" }
          : { text: "not measured", tone: "unsure" };
    return [why, "", "", "", "", "", ""];
  }
  const own = narrow(s.medianInterval, s.medianMs) ? reachedPrecision(s) : null;
  const shown = (ms: number | null) => (ms === null ? "" : formatMs(ms));
  return [
    ...[
      formatMs(s.medianMs),
      s.why ?? intervalOrWhy(s.medianInterval, s.medianMs),
      own === null ? "" : `±${percent(own)}`,
    ],
    ...[formatMs(s.meanMs), shown(s.p95Ms), shown(s.p99Ms), formatMs(s.maxMs)],
  ];
}

/** Axes on which the cells of one picture differ: each image is a row, each client kind a colour. */
const IN_PICTURE = ["protocol", "client", "image", "load"];

/** Every cell's calls, a picture for all cells that differ in image, client and load: what a mean hides. */
function spreadFigure(study: Study): Figure {
  const { manifest, data, axes } = study;
  const shown = shownAxes(manifest.cells, axes, IN_PICTURE);
  const images = imageOrder(manifest.images);
  const ordered = [...manifest.cells].sort((a, b) => images(a.image, b.image));
  const domains = domainOf(study);
  const panels = groupsBut(ordered, axes, IN_PICTURE).map((cells) => {
    const failed = new Map<string, string>();
    const spreads = cells.flatMap((c): SpreadRow[] => {
      const own = data.get(c.id);
      if (own?.failure !== undefined) failed.set(rowOf(c), `${kindTitle(c.client)} failed`);
      if (own === undefined || own.totalsMs.length === 0) return [];
      return [spreadOf(rowOf(c), c.client, Float64Array.from(own.totalsMs).sort())];
    });
    const title = axisCells(levelsOf(cells[0], axes), shown, manifest).join(": ");
    const { model } = cells[0];
    if (spreads.length === 0)
      return { title, text: "no call succeeded", picture: html`<p class="failed">No call succeeded.</p>` };
    const medians = spreads.map((s) => s.middle).sort((a, b) => a - b);
    const text = `medians from ${formatMs(medians[0] ?? NaN)} to ${formatMs(medians.at(-1) ?? NaN)} ms`;
    const picture = spreadChart({
      ...{ label: `${title}: ${text}`, spreads, failed, xLabel: "latency, ms (log scale)", domain: domains(model) },
      rows: [...new Set(cells.map(rowOf))],
      series: manifest.clients
        .filter((client) => cells.some((c) => c.client === client))
        .map((client) => ({ name: client, ...lookOf(client) })),
    });
    return { title, text, picture };
  });
  return figure({
    title: "Where the calls of each cell lie",
    caption:
      "Thin: from the fastest call to the slowest. Thick: the middle half of the calls. White: the median. Each row is an image. Pictures of one model have one scale.",
    legend: kindLegend(manifest.clients),
    alternative: panels.map((p) => `${p.title}: ${p.text}`).join("; "),
    panels,
  });
}

/** The scale of a model's pictures: from its fastest call to its slowest, wherever they were. */
function domainOf({ manifest, data }: Study): (model: string) => readonly [number, number] {
  const byModel = Map.groupBy(manifest.cells, (c) => c.model);
  const known = new Map(
    [...byModel].map(([model, cells]) => {
      const ends = cells.flatMap((c) => {
        const sorted = Float64Array.from(data.get(c.id)?.totalsMs ?? []).sort();
        return sorted.length === 0 ? [] : [sorted.at(0) ?? NaN, sorted.at(-1) ?? NaN];
      });
      return [model, extent(ends, true)];
    }),
  );
  return (model) => known.get(model) ?? [1, 2];
}

/** A cell's row in a picture: its image, and its load where it has one. */
function rowOf(cell: Cell): string {
  return isPlain(cell) ? cell.image : `${cell.image} ${loadTitle(cell.load)}`;
}
