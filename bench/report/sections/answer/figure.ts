import type { Study } from "../../../stats/study.ts";
import { type Block, type Table, type TableCell, figure, right, table } from "../../blocks.ts";
import { modelTitle } from "../caveats.ts";
import { kindLegend, lookOf } from "../../charts/colours.ts";
import { type IntervalPoint, intervalChart, unknownKey } from "../../charts/intervals.ts";
import type { Option, Question } from "../../../stats/choices.ts";
import { formatInterval, formatMs } from "../../../format/numbers.ts";
import { bareTimes, optionTitle, ratioText } from "./words.ts";

/** Model by model: the fastest machine and protocol, how sure that is, and the second. */
export function choicesTable(perModel: readonly Question[], study: Study): Table {
  const rows = perModel.flatMap((q): TableCell[][] => {
    const tied = q.options.filter((o) => o.maybeFastest).length;
    const [best, next] = q.options;
    if (best === undefined) return [];
    const model = modelTitle(study.manifest, q.model ?? "");
    const slower = (o: Option) => (o.over.interval === null ? bareTimes(o.over.ratio, "×") : ratioText(o, "×"));
    const second = next === undefined ? "–" : `${optionTitle(next, study.axes)}: ${slower(next)}`;
    const [median, interval] = [formatMs(best.ms.ratio), formatInterval(best.ms.interval, formatMs)];
    return [[model, optionTitle(best, study.axes), median, sure(q, tied), second, interval]];
  });
  return table({
    caption: "The fastest machine and protocol for each model",
    columns: ["model", "fastest", right("median, ms"), "how sure", "next", right("95 % interval\nof the median")],
    rows,
    notes: [
      "Median: geometric mean over the images of the cells' medians. Next: the second fastest, and how many times as long it takes.",
      "The median's interval is for that number alone and rests on few rounds. What a round does to all options alike makes it wide, and " +
        "cancels in how many times as long one takes: intervals of two medians may overlap where one is surely the faster.",
    ],
  });
}

function sure({ outcome }: Question, tied: number): TableCell {
  const cells: Readonly<Record<Question["outcome"], TableCell>> = {
    clear: { text: "faster than all others", tone: "good" },
    tie: { text: `inconclusive between ${tied}`, tone: "unsure" },
    once: { text: "inconclusive: too few visits", tone: "unsure" },
    one: { text: "nothing to compare with", tone: "muted" },
  };
  return cells[outcome];
}

/** Model by model: the time of every machine and protocol, and which of them may be the fastest. */
export function choicesFigure(perModel: readonly Question[], study: Study): Block {
  const kinds = study.manifest.clients.filter((kind) =>
    perModel.some((q) => q.options.some((o) => o.at["client"] === kind)),
  );
  const words = (q: Question) =>
    `${q.model}: ${q.options.map((o) => `${optionTitle(o, study.axes)} ${formatMs(o.ms.ratio)} ms`).join(", ")}`;
  return figure({
    title: "Every machine and protocol, model by model",
    caption:
      "Geometric mean over images of the median latency; left is faster. The bar: the 95 % interval of how many times as long it takes as " +
      "the fastest (the upright line), wide enough for all to hold at once. Where it reaches the line, that one may be as fast.",
    legend: [...kindLegend(kinds), ...unknownKey(perModel.flatMap((q) => q.options.map((o) => barOf(o, q))))],
    alternative: perModel.map(words).join("; "),
    panels: perModel.map((q) => ({
      title: modelTitle(study.manifest, q.model ?? ""),
      picture: intervalChart({
        label: words(q),
        rows: [...new Set(q.options.map((o) => o.at["placement"] ?? ""))],
        series: kinds.map((kind) => ({ name: kind, ...lookOf(kind) })),
        points: q.options.map((o) => ({
          ...{ row: o.at["placement"] ?? "", series: o.at["client"] ?? "" },
          ...barOf(o, q),
        })),
        ...(q.options.length < 2 ? {} : { reference: q.options[0]?.ms.ratio ?? 1 }),
        xLabel: "median latency, ms (log scale)",
      }),
    })),
  });
}

/** An option's median, and how far it may lie from the fastest one's, which has no bar; a lone one's own interval. */
function barOf(o: Option, { options }: Question): Pick<IntervalPoint, "value" | "interval"> {
  const [best] = options;
  const value = o.ms.ratio;
  if (options.length < 2 || best === undefined) return { value, interval: o.ms.interval };
  if (o === best) return { value };
  const { interval } = o.over;
  return { value, interval: interval && { low: interval.low * best.ms.ratio, high: interval.high * best.ms.ratio } };
}
