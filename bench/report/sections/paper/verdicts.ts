import type { Study } from "../../../stats/study.ts";
import { type Verdict, verdicts } from "../../../verdicts/index.ts";
import type { Effect, Finding, Outcome } from "../../../verdicts/verdict.ts";
import type { Figure, Table, TableCell, Tone } from "../../blocks.ts";
import { figure, fold, list, only, prose, rights, table } from "../../blocks.ts";
import { FILLED_OR_HOLLOW, intervalChart, unknownKey } from "../../charts/intervals.ts";
import { DOUBT_WORDS } from "../../../stats/effects/persistence.ts";
import { formatInterval, formatRatio, formatRatioInterval } from "../../../format/numbers.ts";
import { when } from "../../../format/when.ts";
import type { Section } from "../../section.ts";

const OUTCOME_TONES: Readonly<Record<Outcome, Tone>> = {
  holds: "good",
  "does not hold": "bad",
  inconclusive: "unsure",
};

/** The paper's conclusions: the verdict on this run, on the paper's own numbers, and what each rests on. */
export const verdictsSection: Section = {
  id: "verdicts",
  title: "The paper's conclusions",
  short: "Verdicts",
  blocks({ study }) {
    if (study === undefined) return [];
    const all = verdicts(study);
    // Of another experiment than the paper's there is nothing to judge.
    const tested = all.filter((v) => v.ours.effects.length > 0);
    if (tested.length === 0) return [];
    const outcome = (o: Outcome): TableCell => ({ text: o, tone: OUTCOME_TONES[o] });
    const summary = table({
      columns: ["conclusion of the paper", "here", "on the paper's own numbers"],
      rows: tested.map((v) => [v.text, outcome(v.ours.outcome), outcome(v.paper.outcome)]),
      notes: [
        ...all.flatMap((v) => v.ours.agreement ?? []),
        ...when(
          tested.length < all.length,
          `Not tested by this run: ${all
            .filter((v) => !tested.includes(v))
            .map((v) => v.text)
            .join("; ")}.`,
        ),
      ],
      method: "verdicts",
    });
    const evidence = all.flatMap((v) => [
      prose([{ strong: v.text }, `. Test: ${v.test}.`]),
      list([...findingLines("here", v.ours), ...findingLines("paper", v.paper)]),
    ]);
    const images = study.images.some((i) => i.objects !== null) ? [imagesTable(study)] : [];
    return [summary, fold("What each verdict rests on", only(["html"], verdictsFigure(all)), ...evidence, ...images)];
  },
  json: ({ study }) => (study === undefined ? {} : { verdicts: verdicts(study) }),
};

function findingLines(who: string, f: Finding): string[] {
  const label = who.padEnd(5);
  return [
    ...f.effects.map((e) => `${label}  ${e.label}: ${number(e)}: ${e.outcome}${doubtOf(e)}`),
    ...f.remarks.map((r) => `${label}  (${r})`),
  ];
}

const doubtOf = ({ doubt }: Effect) => (doubt === undefined ? "" : ` (${DOUBT_WORDS[doubt]})`);

function number({ kind, value, interval }: Effect): string {
  if (kind === "ratio") return `${formatRatio(value)} (${formatRatioInterval(interval)})`;
  return `${value.toFixed(2)} (${formatInterval(interval, (end) => end.toFixed(2))})`;
}

/** What each conclusion is judged by: ours and the paper's, through the same test. */
function verdictsFigure(all: readonly Verdict[]): Figure {
  const shown = all.flatMap((v) => {
    const effects = [
      ...v.ours.effects.map((e) => ({ ...e, series: "filled", row: `Here: ${e.label}${doubtOf(e)}` })),
      ...v.paper.effects.map((e) => ({ ...e, series: "hollow", row: `Paper: ${e.label}` })),
    ];
    const kind = effects[0]?.kind;
    const label = effects.map((e) => `${e.row} ${number(e)}`).join("; ");
    return kind === undefined ? [] : [{ v, kind, label, effects: effects.filter((e) => e.kind === kind) }];
  });
  return figure({
    title: "What the verdicts rest on",
    caption:
      "A conclusion holds if all of its intervals lie to the right of the upright line. An arrow: the interval goes on beyond the picture.",
    legend: [
      { label: "here", colour: "ink" },
      { label: "the paper's numbers", colour: "ink", hollow: true },
      ...unknownKey(shown.flatMap((s) => s.effects)),
    ],
    alternative: shown.map(({ v, label }) => `${v.id}: ${label}`).join(". "),
    panels: shown.map(({ v, kind, label, effects }) => ({
      title: `${v.text}: ${v.ours.outcome}`,
      picture: intervalChart({
        ...{ label, oneLine: true, names: "above" as const, rows: effects.map((e) => e.row) },
        numbers: new Map(effects.map((e) => [e.row, e.value.toFixed(2)])),
        ...(kind === "ratio"
          ? { reference: 1, xLabel: "ratio (log scale)" }
          : { reference: 0, log: false, xLabel: "difference" }),
        series: FILLED_OR_HOLLOW,
        points: effects,
      }),
    })),
  });
}

function imagesTable(study: Study): Table {
  return table({
    caption: "The images",
    columns: ["image", ...rights("file bytes", "pixels", "objects")],
    rows: study.images.map((i) => [i.image, String(i.fileBytes), String(i.pixels), String(i.objects ?? "–")]),
  });
}
