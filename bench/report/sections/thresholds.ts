import { SHARE_RULE } from "../../thresholds/share.ts";
import type { ThresholdResult } from "../../thresholds/result.ts";
import { formatMs, formatRatio } from "../../format/numbers.ts";
import { type TableCell, right, table } from "../blocks.ts";
import type { Section } from "../section.ts";

/** What became of the thresholds of a run's experiments. */
export const thresholdsSection: Section = {
  id: "thresholds",
  title: "Thresholds",
  blocks({ thresholds = [] }) {
    if (thresholds.length === 0) return [];
    const order = ["broken", "inconclusive", "holds"];
    const sorted = thresholds.toSorted((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome));
    return [
      table({
        columns: ["threshold", "experiment", "cells", right("measured"), "outcome", "why"],
        rows: sorted.map((t): TableCell[] => [t.threshold, t.experiment, t.about, measuredText(t), outcome(t), t.why]),
        notes: [`${SHARE_RULE}.`, "A ratio compares medians, with the intervals of `npx lathe compare`."],
      }),
    ];
  },
  json: ({ thresholds = [] }) => (thresholds.length === 0 ? {} : { thresholds }),
};

const measuredText = ({ measured, unit }: ThresholdResult) =>
  measured === null ? "–" : unit === "ms" ? `${formatMs(measured)} ms` : `× ${formatRatio(measured)}`;

const TONES = { holds: "good", broken: "bad", inconclusive: "unsure" } as const;
const outcome = (t: ThresholdResult): TableCell => ({ text: t.outcome, tone: TONES[t.outcome] });
