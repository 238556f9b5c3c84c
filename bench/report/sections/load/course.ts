import { loadTitle, modeOf } from "../../../loads/registry.ts";
import { type CellGroup, groupsBut } from "../../../stats/levels.ts";
import { tailCalls } from "../../../stats/load/figures.ts";
import { median } from "../../../stats/math/quantile.ts";
import type { Study } from "../../../stats/study.ts";
import type { TailCall } from "../../../stats/tails/tail.ts";
import { formatMs } from "../../../format/numbers.ts";
import { placeText, protocolNames } from "../../answer/names.ts";
import { type Block, figure, only } from "../../blocks.ts";
import { lookOf } from "../../charts/colours.ts";
import { scaleOf, xyChart } from "../../charts/xy.ts";
import type { ReportInputs } from "../../section.ts";

/** A point of the course for so many calls, at least. */
const CALLS = 5;
const MOST_POINTS = 24;

interface Course {
  readonly group: CellGroup;
  readonly calls: readonly TailCall[];
  readonly points: readonly { readonly at: number; readonly ms: number; readonly perSecond: number }[];
}

/** Latency over the time within a visit, where a load changes within it: a ramp, a trace. */
export function courseBlocks(inputs: ReportInputs): Block[] {
  const { study, cells, axes, manifest } = inputs;
  if (study === undefined) return [];
  const changing = cells.filter(({ load }) => modeOf(load).isOpen === true && modeOf(load).wholeVisit !== undefined);
  const courses = groupsBut(changing, axes, ["image"]).flatMap((group) => courseOf(group, study) ?? []);
  if (courses.length === 0) return [];
  const x = scaleOf(
    "seconds since the visit's begin",
    [0, ...courses.flatMap((c) => c.calls.map((call) => call.dueMs / 1000))],
    false,
  );
  const y = scaleOf(
    "ms (log)",
    courses.flatMap((c) => c.calls.map((call) => call.latencyMs)),
    true,
  );
  const name = protocolNames(manifest.clients);
  const title = ([c]: CellGroup) => `${placeText(c, inputs)}, ${name(c.client)}, ${c.model}`;
  const words = ({ group, points }: Course) =>
    `${title(group)}: ${points.map((p) => `${p.at.toFixed(1)} s ${p.perSecond.toFixed(1)}/s ${formatMs(p.ms)} ms`).join(", ")}`;
  return [
    only(
      ["html"],
      figure({
        title: "Latency over a visit",
        caption: `Each dot is a call, at the time when it was due; the line joins medians. ${[...new Set(courses.map((c) => loadTitle(c.group[0].load)))].join("; ")}.`,
        alternative: courses.map(words).join("; "),
        panels: courses.map((course) => {
          const look = lookOf(course.group[0].client);
          return {
            title: title(course.group),
            picture: xyChart({
              ...{ label: words(course), x, y },
              series: [
                {
                  name: "calls",
                  ...look,
                  hollow: true,
                  points: course.calls.map((c) => ({ x: c.dueMs / 1000, y: c.latencyMs })),
                },
                { name: "medians", ...look, line: true, points: course.points.map((p) => ({ x: p.at, y: p.ms })) },
              ],
            }),
          };
        }),
      }),
    ),
  ];
}

function courseOf(group: CellGroup, { loaded, data }: Study): Course | undefined {
  const visits = group.flatMap((cell) => {
    const own = (loaded ?? data).get(cell.id);
    return own === undefined ? [] : (tailCalls({ cell, data: own }) ?? []);
  });
  const calls = visits.flat().toSorted((a, b) => a.dueMs - b.dueMs);
  if (calls.length < 2 * CALLS) return undefined;
  const each = Math.max(CALLS, Math.ceil(calls.length / MOST_POINTS));
  const points = Array.from({ length: Math.floor(calls.length / each) }, (_, i) => {
    const own = calls.slice(i * each, (i + 1) * each);
    const [from, to] = [own[0]?.dueMs ?? 0, calls[(i + 1) * each]?.dueMs ?? own.at(-1)?.dueMs ?? 0];
    return {
      at: median(own.map((c) => c.dueMs)) / 1000,
      ms: median(own.map((c) => c.latencyMs)),
      perSecond: to > from ? (1000 * own.length) / (to - from) / visits.length : 0,
    };
  });
  return { group, calls, points };
}
