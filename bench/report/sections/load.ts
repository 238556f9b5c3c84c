import { when } from "../../format/when.ts";
import { protocolNames } from "../answer/names.ts";
import { pooledUnderLoad } from "../answer/pooled.ts";
import type { Pooled } from "../answer/types.ts";
import { serversFindings } from "../answer/which-server.ts";
import { type Block, figure, fold, only } from "../blocks.ts";
import { lookOf } from "../charts/colours.ts";
import { scaleOf, xyChart } from "../charts/xy.ts";
import { ratesBlock } from "../front/rates.ts";
import { loadGenBlocks, meanwhileBlocks, percentileBlocks } from "./load/tables.ts";
import { courseBlocks } from "./load/course.ts";
import { findingOf } from "../finding.ts";
import type { ReportInputs, Section } from "../section.ts";

/** Cells under load: rates and latencies, and how latency goes with the rate. */
export const loadSection: Section = {
  id: "load",
  title: "Under load",
  short: "Under load",
  blocks(inputs) {
    const loads = pooledUnderLoad(inputs);
    if (loads.length === 0) return [];
    const onFirstScreen = findingOf(inputs).confidence === undefined;
    const block = ratesBlock(loads);
    // “Which server” has the same calls beside each other.
    const besideServers = serversFindings(inputs).some((f) => f.ways.some((w) => w.loads.length > 0));
    return [
      only(["terminal", "markdown"], block),
      ...when(!onFirstScreen, only(["html"], besideServers ? fold("Rates and latencies of every load", block) : block)),
      ...curves(loads, inputs),
      ...courseBlocks(inputs),
      ...loadGenBlocks(loads),
      ...percentileBlocks(loads),
      ...meanwhileBlocks(loads),
    ];
  },
  json: ({ study }) => (study?.untold === undefined ? {} : { untold: Object.fromEntries(study.untold) }),
};

/** Latency over the rate that was answered, a picture a model, where several rates were asked for. */
function curves(loads: readonly Pooled[], { manifest }: ReportInputs): Block[] {
  const rated = loads.filter((g) => g.askedPerSecond !== null && g.p50Ms !== null);
  const key = ({ place, protocol, model }: Pooled) => JSON.stringify([place, protocol, model]);
  const groups = [...Map.groupBy(rated, key).values()].filter(
    (own) => new Set(own.map((g) => g.askedPerSecond)).size > 1,
  );
  if (groups.length === 0) return [];
  const all = groups.flat();
  const at = (g: Pooled) => g.achievedPerSecond ?? g.askedPerSecond ?? 0;
  const x = scaleOf("answers a second", [0, ...all.map(at)], false);
  const y = scaleOf(
    "ms (log)",
    all.flatMap((g) => [g.p50Ms ?? NaN, g.p95Ms ?? NaN]),
    true,
  );
  const name = protocolNames(manifest.clients);
  const words = (own: readonly Pooled[]) =>
    own.map((g) => `${g.load}: p50 ${g.p50Ms?.toFixed(1) ?? "–"} ms`).join(", ");
  return [
    only(
      ["html"],
      figure({
        title: "Latency over throughput",
        caption: "Filled: p50. Hollow: p95. Where a curve turns upward, the server has reached its highest rate.",
        legend: manifest.clients
          .filter((c) => all.some((g) => g.levels["client"] === c))
          .map((c) => ({ label: name(c), ...lookOf(c) })),
        alternative: groups.map((own) => `${own[0]?.place ?? ""}, ${own[0]?.model ?? ""}: ${words(own)}`).join("; "),
        panels: groups.map((own) => {
          const ordered = own.toSorted((a, b) => (a.askedPerSecond ?? 0) - (b.askedPerSecond ?? 0));
          const [first] = ordered as [Pooled, ...Pooled[]];
          const look = lookOf(first.levels["client"] ?? "");
          const curve = (ms: (g: Pooled) => number | null) =>
            ordered.flatMap((g) => (ms(g) === null ? [] : [{ x: at(g), y: ms(g) as number }]));
          return {
            title: `${first.place}, ${first.protocol}, ${first.model}`,
            picture: xyChart({
              ...{ label: words(ordered), x, y },
              series: [
                { name: "p50", ...look, points: curve((g) => g.p50Ms), line: true, title: "p50" },
                { name: "p95", ...look, hollow: true, points: curve((g) => g.p95Ms), line: true, title: "p95" },
              ],
            }),
          };
        }),
      }),
    ),
  ];
}
