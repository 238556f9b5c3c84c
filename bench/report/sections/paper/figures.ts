import paper from "../../../paper/tables.json" with { type: "json" };
import { COMBINATIONS, EXPERIMENTS, type Experiment } from "../../../paper/published.ts";
import { mean } from "../../../stats/math/quantile.ts";
import { type Figure, type LegendEntry, type Table, figure, fold, prose, right, table } from "../../blocks.ts";
import { protocolTitle } from "../../../../clients/registry.ts";
import { protocolLook } from "../../charts/colours.ts";
import { type IntervalPoint, intervalChart, unknownKey } from "../../charts/intervals.ts";
import { type Curve, profileChart, profileDomain } from "../../charts/profile.ts";
import { imageOrder } from "../columns.ts";
import type { ReportInputs, Section } from "../../section.ts";
import { when } from "../../../format/when.ts";
import { formatMs } from "../../../format/numbers.ts";
import {
  type PaperTable,
  entryOf,
  paperCells,
  paperClients,
  paperTable,
  paperTableBlock,
  paperTables,
} from "./tables.ts";

/** The paper's tables and Figures 8 to 15, ours beside theirs as far as theirs were published as numbers. */
export const paperSection: Section = {
  id: "paper",
  title: "The paper's tables and figures, beside this run",
  short: "Paper",
  blocks(inputs) {
    const tables = paperTables(inputs);
    if (tables.length === 0) return [];
    const [local, ...remote] = EXPERIMENTS;
    const away = remote.flatMap((e) => remoteFigure(e, inputs));
    return [
      prose(
        "The paper measured other machines, so compare patterns, not milliseconds. It published means (Tables 1 to 3), and not the single points of its " +
          "figures. So the figures here show its means and our points.",
      ),
      ...tables.map((t) =>
        fold(
          `${t.experiment.title}${tables.filter((o) => o.experiment === t.experiment).length > 1 ? `, ${t.client}` : ""}`,
          paperTableBlock(t),
        ),
      ),
      fold("Figures 8 to 15, ours beside the paper's means", ...localFigure(local, inputs), ...away),
      ...when(
        away.length > 0,
        fold("Averages over protocols, as in the paper's Figures 11 to 15", averagesTable(inputs)),
      ),
    ];
  },
  json: (inputs) => ({ tables: paperTables(inputs) }),
};

const MODELS = ["rfcn", "ssd"] as const;
const client = ({ manifest }: ReportInputs) => paperClients(manifest, "grpc")[0] ?? "";
const shortName = { rfcn: "R-FCN", ssd: "SSD" } as const;

const LEGEND: readonly LegendEntry[] = ["grpc", "rest"].map((protocol) => ({
  label: protocolTitle(protocol),
  ...protocolLook(protocol),
}));

/** Figures 8 to 10: each machine is its own client, image by image. */
function localFigure(experiment: Experiment, inputs: ReportInputs): Figure[] {
  const images = [...new Set(inputs.cells.map((c) => c.image))].sort(imageOrder(inputs.manifest.images));
  const published = paperTable(experiment, client(inputs), inputs);
  const machines = published.rows.flatMap(({ server, entries }) => {
    const curves = COMBINATIONS.flatMap((combination): Curve[] => {
      const points = images.flatMap((image) => {
        const all = paperCells(experiment, { server, combination, grpcClient: client(inputs) }, inputs);
        const cells = all.filter((c) => c.image === image);
        const ours = entryOf(cells, inputs.summaries);
        return ours.kind === "measured" ? [{ x: image.replace("image-", ""), y: ours.meanMs }] : [];
      });
      const level = entries.find((e) => e.combination === combination)?.paperMs;
      if (points.length === 0) return [];
      const title = `${shortName[combination.paperModel]} ${protocolTitle(combination.protocol)}`;
      const look = protocolLook(combination.protocol);
      return [{ name: combination.key, title, points, ...look, ...(level !== undefined && { level }) }];
    });
    return curves.length === 0 ? [] : [{ server, curves }];
  });
  if (machines.length === 0) return [];
  const domain = profileDomain(machines.flatMap((m) => m.curves));
  const panels = machines.map(({ server, curves }) => {
    const label = curves.map((k) => `${k.title} ${formatMs(mean(k.points.map((p) => p.y)))} ms on average`).join(", ");
    const picture = profileChart({
      ...{ label: `${server}: ${label}`, xs: images.map((i) => i.replace("image-", "")), curves },
      ...{ xLabel: "image", yLabel: "mean latency, ms (log scale)", domain },
    });
    return { title: `${server} calls itself`, picture, label };
  });
  const local = figure({
    title: "Figures 8 to 10. Local: each machine is its own client, image by image",
    caption:
      "Dashed: the paper's mean over its ten images, of the same model and protocol on its machine of that role. All pictures have one scale.",
    legend: [
      ...LEGEND,
      ...LEGEND.map((e) => ({ ...e, label: `${e.label}, the paper's mean (Table 1)`, sign: "dashed" as const })),
    ],
    alternative: panels.map((p) => `${p.title}: ${p.label}`).join("; "),
    panels,
  });
  return [local];
}

/** Figures 11 to 15: requests from the client machine, one image. */
function remoteFigure(experiment: Experiment, inputs: ReportInputs): Figure[] {
  const published = paperTable(experiment, client(inputs), inputs);
  if (published.rows.every((r) => r.entries.every((e) => e.ours.kind !== "measured"))) return [];
  const panels = MODELS.map((model) => {
    const points = pointsOf(published, model);
    const label = points.map((p) => `${p.row} ${p.series} ${formatMs(p.value)} ms`).join(", ");
    const picture = intervalChart({
      ...{ label: `${shortName[model]}: ${label}`, points, xLabel: "mean latency, ms (log scale)" },
      rows: published.rows.map((r) => r.server),
      series: ["grpc", "rest"].flatMap((protocol) => [
        { name: `${protocol} ours`, ...protocolLook(protocol) },
        { name: `${protocol} paper`, ...protocolLook(protocol), hollow: true },
      ]),
    });
    return { title: shortName[model], label, picture };
  });
  const remote = figure({
    title: `Figures 11 to 15. ${experiment.title.replace(/^Table (\d)\. /, "")} (the numbers of Table ${experiment.title.match(/\d/)?.[0]})`,
    legend: [
      ...LEGEND.map((e) => ({ ...e, label: `${e.label}, ours` })),
      ...LEGEND.map((e) => ({ ...e, label: `${e.label}, the paper's`, hollow: true })),
      ...unknownKey(MODELS.flatMap((model) => pointsOf(published, model))),
    ],
    caption:
      "Ours with the 95 % interval of the mean, as in the table. The paper gives no intervals. Each model has its own scale.",
    alternative: panels.map((p) => `${p.title}: ${p.label}`).join("; "),
    panels,
  });
  return [remote];
}

function pointsOf(published: PaperTable, model: "rfcn" | "ssd"): IntervalPoint[] {
  return published.rows.flatMap(({ server, entries }) =>
    entries
      .filter((e) => e.combination.paperModel === model)
      .flatMap(({ combination: { protocol }, ours, paperMs }) => [
        ...(ours.kind === "measured"
          ? [{ row: server, series: `${protocol} ours`, value: ours.meanMs, interval: ours.interval }]
          : []),
        ...(paperMs === undefined ? [] : [{ row: server, series: `${protocol} paper`, value: paperMs }]),
      ]),
  );
}

/** The averages that the paper draws in its Figures 11 to 15: over the protocols, and over models and protocols. */
function averagesTable(inputs: ReportInputs): Table {
  const groups = ["R-FCN", "SSD", "both"];
  const rows = EXPERIMENTS.slice(1).flatMap((experiment) => {
    const published = paperTable(experiment, client(inputs), inputs);
    const theirs: Readonly<Record<string, Readonly<Record<string, number>>>> =
      experiment.id === "local" ? {} : paper.experiments[experiment.id].averages;
    return published.rows.map(({ server, entries }) => {
      const ours = (model: "rfcn" | "ssd" | "all") => {
        const own = entries.filter((e) => model === "all" || e.combination.paperModel === model).map((e) => e.ours);
        const measured = own.flatMap((e) => (e.kind === "measured" ? [e.meanMs] : []));
        return measured.length === own.length ? formatMs(mean(measured)) : "–";
      };
      const numbers = ([...MODELS, "all"] as const).flatMap((m) => [ours(m), formatMs(theirs[m]?.[server] ?? NaN)]);
      return [experiment.image ?? "", server, ...numbers];
    });
  });
  return table({
    caption: "Averages over protocols, mean latency in ms",
    columns: ["image", "machine", ...groups.flatMap((group) => [right("ours", group), right("paper", group)])],
    rows,
    notes: ["A dash: not all numbers of the average were measured (ours) or published (the paper's)."],
  });
}
