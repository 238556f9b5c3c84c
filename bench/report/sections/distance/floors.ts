import { formatMs } from "../../../format/numbers.ts";
import { type Floor, type Limit, LIMITS, LIMIT_TITLES } from "../../../stats/floor/call.ts";
import { type CellFloor, cellFloors, mostBound } from "../../../stats/floor/cells.ts";
import { groupsBut, levelsOf, shownAxes } from "../../../stats/levels.ts";
import { mean } from "../../../stats/math/quantile.ts";
import { addsNothing, linkText } from "../../../matrix/link.ts";
import { count } from "../../../../lib/words.ts";
import { protocolNames } from "../../answer/names.ts";
import { type Block, type Figure, figure, list, only, prose, rights, table } from "../../blocks.ts";
import { type Bar, stackChart } from "../../charts/stacks.ts";
import type { ReportInputs } from "../../section.ts";
import { axisCells, axisColumns } from "../columns.ts";

/** The colour of each part of a floor. */
const COLOURS: Readonly<Record<Exclude<Limit, "loss">, string>> = {
  service: "compute",
  bandwidth: "network",
  rtt: "server",
  slowStart: "encode",
  window: "decode",
};
const PARTS = Object.keys(COLOURS) as (keyof typeof COLOURS)[];

/** Cells that differ in their image alone: means over images. */
interface Row {
  readonly cells: readonly [CellFloor, ...CellFloor[]];
  readonly measuredMs: number;
  readonly floorMs: number;
  readonly ratio: number;
  readonly limit: Limit;
  /** How many of the cells that limit bound. */
  readonly agree: number;
}

/** The floors of calls over links, beside their measured times, and what bound them; nothing if no cell goes over a link. */
export function floorBlocks(inputs: ReportInputs): Block[] {
  const { study, axes, manifest } = inputs;
  const all = study === undefined ? [] : [...cellFloors(study)];
  const floors = new Map(all.filter(([, { wayFrom }]) => wayFrom === "link"));
  if (floors.size === 0) return [];
  const cells = manifest.cells.filter((c) => floors.has(c.id));
  const rows = groupsBut(cells, axes, ["image"]).map((own) => rowOf(own.flatMap((c) => floors.get(c.id) ?? [])));
  const shown = shownAxes(cells, axes, ["image"]);
  const links = new Map(cells.flatMap((c) => (c.link === undefined ? [] : [[c.link.name, c.link] as const])));
  return [
    prose(summary(rows.filter(({ cells: [{ cell }] }) => cell.link !== undefined && !addsNothing(cell.link)))),
    list([...links.values()].map((link) => `${link.name}: ${linkText(link)}`)),
    only(["html"], partsFigure(rows, inputs)),
    table({
      caption: "The least a call can take over its link, mean over images, ms",
      columns: [
        ...axisColumns(shown),
        ...rights("measured", "floor", "times\nfloor"),
        ...["bound by", "connection"],
        ...rights("bursts", "service", "bandwidth", "round\ntrip", "slow\nstart", "HTTP/2\nwindow"),
      ],
      rows: rows.map((row) => {
        const [first] = row.cells;
        const part = (of: (floor: Floor) => number) => formatMs(mean(row.cells.map((c) => of(c.floor))));
        return [
          ...axisCells(levelsOf(first.cell, axes, ["image"]), shown, manifest),
          ...[formatMs(row.measuredMs), formatMs(row.floorMs), row.ratio.toFixed(2)],
          ...[limitText(row), first.conditions.connection],
          ...[String(Math.round(mean(row.cells.map((c) => c.floor.rounds))))],
          ...PARTS.map((key) => part((floor) => floor[`${key}Ms`])),
        ];
      }),
      notes: [
        "Service: the same call without a link, less the time in which it sends while the line is busy. If that was measured at a slower time, the ratio can be below 1. Bursts: 1, and one for each time that the request had to wait for the other end. " +
          "Bound by: the limit without which the call would have been shorter by the most.",
      ],
      method: "floor",
    }),
  ];
}

function rowOf(cells: readonly CellFloor[]): Row {
  const own = cells as readonly [CellFloor, ...CellFloor[]];
  const [measuredMs, floorMs] = [mean(own.map((c) => c.measuredMs)), mean(own.map((c) => c.floor.ms))];
  return { cells: own, measuredMs, floorMs, ratio: measuredMs / floorMs, ...mostBound(own) };
}

const limitText = ({ limit, agree, cells }: Row) =>
  agree === cells.length ? LIMIT_TITLES[limit] : `${LIMIT_TITLES[limit]} (${agree} of ${cells.length} images)`;

function summary(rows: readonly Row[]): string {
  if (rows.length === 0) return "No link of this run adds anything to the network that is there.";
  const ratios = rows.map((r) => r.ratio).sort((a, b) => a - b);
  const bound = LIMITS.flatMap((limit) => {
    const n = rows.filter((r) => r.limit === limit).length;
    return n === 0 ? [] : [`${LIMIT_TITLES[limit]} ${n}`];
  });
  return (
    `Calls took ${(ratios[0] ?? NaN).toFixed(2)} to ${(ratios.at(-1) ?? NaN).toFixed(2)} times the least that their link allows. ` +
    `Of ${count(rows.length, "row")} the limit is: ${bound.join(", ")}.`
  );
}

/** The parts of each floor as bars, with a mark at what was measured: a picture for each link. */
function partsFigure(rows: readonly Row[], { manifest }: ReportInputs): Figure {
  const byLink = [...Map.groupBy(rows, (r) => r.cells[0].cell.link?.name ?? "")];
  const protocol = protocolNames(manifest.clients);
  const name = ({ cells: [{ cell }] }: Row) => `${cell.server}: ${protocol(cell.client)}, ${cell.model}`;
  return figure({
    title: "The parts of the floor, and what was measured",
    caption: "A bar is the least time of a call, by its parts. The mark is the time that was measured.",
    legend: PARTS.map((key) => ({ label: LIMIT_TITLES[key], colour: COLOURS[key], sign: "square" as const })),
    alternative: rows
      .map(
        (r) =>
          `${name(r)}, ${r.cells[0].cell.link?.name ?? ""}: ${formatMs(r.measuredMs)} ms, floor ${formatMs(r.floorMs)} ms`,
      )
      .join("; "),
    panels: byLink.map(([link, own]) => ({
      title: `${link}${own
        .flatMap((r) => r.cells[0].cell.link ?? [])
        .slice(0, 1)
        .map((l) => `: ${linkText(l)}`)
        .join("")}`,
      picture: stackChart(
        `Parts of the floor over ${link}`,
        own.map((row): Bar => ({
          name: name(row),
          parts: PARTS.map((key) => ({
            colour: COLOURS[key],
            value: mean(row.cells.map((c) => c.floor[`${key}Ms`])),
          })),
          whole: row.measuredMs,
          remark: `${row.ratio.toFixed(2)} × floor`,
        })),
        "ms",
      ),
    })),
    method: "floor",
  });
}
