import { isPlain } from "../../matrix/cell.ts";
import { formatRatio } from "../../format/numbers.ts";
import { median } from "../../stats/math/quantile.ts";
import { type Study, nullModels } from "../../stats/study.ts";
import { figure, only, prose } from "../blocks.ts";
import { scaleOf, xyChart } from "../charts/xy.ts";
import type { Section } from "../section.ts";

/** One visit: when it was, and how long its calls took beside all visits of its cell. */
interface Moment {
  readonly machine: string;
  readonly minute: number;
  readonly ratio: number;
}

/** Fewer visits show no course. */
const LEAST = 12;
/** Ratios beyond these lie at the picture's edge. */
const EDGE = 2;

/** How latency went while the run went on: a machine that becomes slower is seen here, whatever cells it was visited for. */
export const driftSection: Section = {
  id: "drift",
  title: "Latency over the run",
  short: "Over the run",
  blocks({ study }) {
    const moments = study === undefined ? [] : momentsOf(study);
    if (moments.length < LEAST) return [];
    const machines = [...Map.groupBy(moments, (m) => m.machine)];
    const x = scaleOf("minutes from the run's begin", [0, ...moments.map((m) => m.minute)], false);
    const y = scaleOf("times its cell's median", edges(moments), true);
    const words = machines.map(([machine, own]) => `${machine} ${courseText(own)}`);
    return [
      prose(
        `Median latency in the last third of the run, divided by that in the first third: ${words.join(", ")}. Each visit counts relative to its own cell.`,
      ),
      only(
        ["html"],
        figure({
          title: "Every visit, relative to its cell",
          caption: `Above the line: slower than the cell's median. Visits beyond ${EDGE} times are drawn at the edge.`,
          alternative: words.join("; "),
          panels: machines.map(([machine, own]) => ({
            title: `calls to ${machine}`,
            picture: xyChart({
              ...{
                label: `calls to ${machine}: ${courseText(own)} times as long at the end`,
                x,
                y,
                reference: 1,
                height: 150,
              },
              series: [
                { name: machine, colour: "ink", sign: "circle", points: own.map((m) => ({ x: m.minute, y: m.ratio })) },
              ],
            }),
          })),
        }),
      ),
    ];
  },
};

/** The axis: as far as the visits go, both ways alike, and no further than `EDGE`. */
function edges(moments: readonly Moment[]): number[] {
  const far = Math.max(1.05, ...moments.map((m) => Math.max(m.ratio, 1 / m.ratio)));
  return [1 / Math.min(EDGE, far), Math.min(EDGE, far)];
}

/** Visits to plain cells of models that compute, of cells visited more than once. */
function momentsOf({ manifest, data }: Study): Moment[] {
  const nulls = nullModels(manifest);
  const found = manifest.cells
    .filter((c) => isPlain(c) && !nulls.has(c.model))
    .flatMap((cell) => {
      const visits = (data.get(cell.id)?.visits ?? []).flatMap((v) =>
        Number.isFinite(v.at) ? [{ ...v, at: v.at as number }] : [],
      );
      const centre = median(visits.map((v) => v.medianMs));
      return visits.length < 2 || !(centre > 0)
        ? []
        : visits.map((v) => ({ machine: cell.serverMachine, at: v.at, ratio: v.medianMs / centre }));
    });
  const begin = Math.min(...found.map((m) => m.at));
  return found.map(({ machine, at, ratio }) => ({ machine, minute: (at - begin) / 60_000, ratio }));
}

function courseText(own: readonly Moment[]): string {
  const [first, last] = [Math.min(...own.map((m) => m.minute)), Math.max(...own.map((m) => m.minute))];
  const third = (last - first) / 3;
  const early = own.filter((m) => m.minute <= first + third).map((m) => m.ratio);
  const late = own.filter((m) => m.minute >= last - third).map((m) => m.ratio);
  return early.length < 3 || late.length < 3 ? "(too few visits)" : formatRatio(median(late) / median(early));
}
