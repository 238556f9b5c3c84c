import { isPlain } from "../../matrix/cell.ts";
import { formatMs } from "../../format/numbers.ts";
import { callerOf } from "../../stats/choices.ts";
import { mean } from "../../stats/math/quantile.ts";
import { emptyModels, nullModels } from "../../stats/study.ts";
import { modelFindings } from "../answer/models.ts";
import { titleModel } from "../answer/title.ts";
import { protocolNames } from "../answer/names.ts";
import { figure, only, prose } from "../blocks.ts";
import { lookOf } from "../charts/colours.ts";
import { scaleOf, xyChart } from "../charts/xy.ts";
import type { ReportInputs, Section } from "../section.ts";
import { modelTitle } from "./caveats.ts";

/** A cell: what its requests weigh, and how long they take. */
interface Point {
  readonly model: string;
  readonly client: string;
  readonly megabytes: number;
  readonly ms: number;
}

/** Fewer sizes of requests show no relation. */
const LEAST_SIZES = 3;

/** How latency goes with what a request weighs, for each client kind. */
export const payloadSection: Section = {
  id: "payload",
  title: "Latency against payload",
  short: "Payload",
  blocks(inputs) {
    const points = pointsOf(inputs);
    const kinds = inputs.manifest.clients.filter(
      (kind) => sizes(points.filter((p) => p.client === kind)) >= LEAST_SIZES,
    );
    const shown = points.filter((p) => kinds.includes(p.client));
    if (shown.length === 0) return [];
    // The model of the title, and one that computes nothing: the others are in the table of cells.
    const nulls = nullsOf(inputs);
    const first = titleModel(modelFindings(inputs))?.model;
    const models = [...new Set(shown.map((p) => p.model))].filter((m) => m === first || nulls.includes(m));
    const name = protocolNames(inputs.manifest.clients);
    const x = scaleOf(
      "MB a request (log scale)",
      shown.map((p) => p.megabytes),
      true,
    );
    const y = scaleOf(
      "median, ms (log)",
      shown.map((p) => p.ms),
      true,
    );
    return [
      prose(slopesText(shown, kinds, inputs)),
      only(
        ["html"],
        figure({
          title: "Every cell by the size of its requests",
          caption:
            "Each point is a cell, called from the client machine if there are such cells. All pictures have one scale.",
          legend: kinds.map((kind) => ({ label: name(kind), ...lookOf(kind) })),
          alternative: slopesText(shown, kinds, inputs),
          panels: models.map((model) => ({
            title: modelTitle(inputs.manifest, model),
            picture: xyChart({
              ...{ label: `${model}: median latency over megabytes a request`, x, y },
              series: kinds.map((kind) => ({
                ...{ name: kind, ...lookOf(kind) },
                points: shown
                  .filter((p) => p.model === model && p.client === kind)
                  .map((p) => ({ x: p.megabytes, y: p.ms })),
              })),
            }),
          })),
        }),
      ),
    ];
  },
};

const sizes = (points: readonly Point[]) => new Set(points.map((p) => p.megabytes)).size;

function pointsOf({ cells, summaries }: ReportInputs): Point[] {
  const plain = cells.filter(isPlain);
  const caller = callerOf(plain);
  return plain
    .filter(
      (c) =>
        caller === undefined ||
        (c.clientMachine === caller && !c.local) ||
        !plain.some((o) => o.clientMachine === caller && !o.local),
    )
    .flatMap((c) => {
      const s = summaries.get(c.id);
      if (s === undefined || s.n === 0 || s.failure !== undefined || s.requestBytes === null) return [];
      return [{ model: c.model, client: c.client, megabytes: s.requestBytes / 1e6, ms: s.medianMs }];
    });
}

const nullsOf = ({ study, manifest }: ReportInputs) =>
  study === undefined ? [...nullModels(manifest)] : emptyModels(study);

/** What a further megabyte takes, by a straight line through the cells: of the null model, where it takes no part in computing. */
function slopesText(points: readonly Point[], kinds: readonly string[], inputs: ReportInputs): string {
  const nulls = nullsOf(inputs);
  const empty = points.filter((p) => nulls.includes(p.model));
  const own = empty.length > 0 ? empty : points;
  const name = protocolNames(inputs.manifest.clients);
  const slopes = kinds.flatMap((kind) => {
    const slope = slopeOf(own.filter((p) => p.client === kind));
    return Number.isFinite(slope) ? [`${formatMs(Math.max(0, slope))} ms over ${name(kind)}`] : [];
  });
  const whose = empty.length > 0 ? "With the null model, each" : "Each";
  return `${whose} further megabyte of a request takes about ${slopes.join(" and ")} (least squares over cells).`;
}

/** Least squares, averaged within each model. */
function slopeOf(points: readonly Point[]): number {
  const each = [...Map.groupBy(points, (p) => p.model).values()].map((own) => {
    const [mx, my] = [mean(own.map((p) => p.megabytes)), mean(own.map((p) => p.ms))];
    const xx = own.reduce((sum, p) => sum + (p.megabytes - mx) ** 2, 0);
    return own.reduce((sum, p) => sum + (p.megabytes - mx) * (p.ms - my), 0) / xx;
  });
  return mean(each.filter(Number.isFinite));
}
