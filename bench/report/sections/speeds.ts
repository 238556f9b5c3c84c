import { type Speeds, speedsOf } from "../answer/speeds.ts";
import { type Block, type Figure, figure, fold, list, only } from "../blocks.ts";
import { lookOf } from "../charts/colours.ts";
import { extent } from "../charts/plot.ts";
import { stripChart } from "../charts/strips.ts";
import type { Section } from "../section.ts";
import { when } from "../../format/when.ts";

/** Most that are shown unfolded. */
const SHOWN = 2;

/** Places whose calls have several speeds: a median between two speeds is the time of no call. */
export const speedsSection: Section = {
  id: "speeds",
  title: "More than one speed",
  short: "Speeds",
  blocks(inputs) {
    const all = speedsOf(inputs);
    if (all.length === 0) return [];
    const [shown, more] = [all.slice(0, SHOWN), all.slice(SHOWN)];
    return [
      only(["terminal", "markdown"], texts(all)),
      only(
        ["html"],
        texts(shown),
        stripsFigure(shown, all),
        ...when<Block>(more.length > 0, fold(`${more.length} more`, texts(more), stripsFigure(more, all))),
      ),
    ];
  },
  json: (inputs) => ({
    speeds: speedsOf(inputs).map(({ title, modes, p, text, cause }) => ({ title, modes, p, text, cause })),
  }),
};

/** What was found in words; what has one cause says it once. */
function texts(found: readonly Speeds[]): Block {
  return list(
    [...Map.groupBy(found, (s) => s.cause)].map(
      ([cause, own]) => `${own.map((s) => `${s.title}: ${s.text}`).join(". ")}. ${cause}`,
    ),
  );
}

/** Every call a dot; pictures of one model have one scale. */
function stripsFigure(shown: readonly Speeds[], all: readonly Speeds[]): Figure {
  const domain = ({ model }: Speeds) =>
    extent(
      all.filter((s) => s.model === model).flatMap((s) => s.visits.flat()),
      true,
    );
  return figure({
    title: "Every call",
    caption:
      "Each dot is a call, each row a visit. Dashed: the speeds. Calls of different images are scaled to one mean. Pictures of one model have one scale.",
    alternative: shown.map((s) => `${s.title}: ${s.text}`).join(". "),
    method: "speeds",
    panels: shown.map((s) => ({
      title: s.title,
      picture: stripChart({
        ...{
          label: `${s.title}: ${s.text}`,
          strips: s.visits.map((callsMs, i) => ({ row: `visit ${i + 1}`, callsMs })),
        },
        ...{
          modesMs: s.modes.map((m) => m.ms),
          colour: lookOf(s.client).colour,
          domain: domain(s),
          xLabel: "latency, ms (log scale)",
        },
      }),
    })),
  });
}
