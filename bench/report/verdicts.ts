import type { Study } from "../stats/study.ts";
import { formatTable } from "../../lib/table.ts";
import { type Verdict, verdicts } from "../verdicts/index.ts";
import type { Effect, Finding } from "../verdicts/verdict.ts";
import { formatRatio, formatRatioInterval } from "./format.ts";

/** The paper's conclusions as text: the verdict on this run, on the paper's own numbers, and what each rests on. */
export function verdictsSection({ study }: { readonly study?: Study }): string {
  if (study === undefined) return "";
  const all = verdicts(study);
  const summary = formatTable(
    [{ title: "conclusion of the paper" }, { title: "here" }, { title: "on the paper's own numbers" }],
    all.map((v) => [v.text, v.ours.outcome, v.paper.outcome]),
  );
  const images = study.images.some((i) => i.objects !== null) ? [imagesTable(study)] : [];
  return ["The paper's conclusions", summary, ...all.map(evidence), ...images].join("\n\n").replace("\n\n", "\n");
}

function evidence(v: Verdict): string {
  return [`${v.id}: ${v.test}`, ...findingLines("here", v.ours), ...findingLines("paper", v.paper)].join("\n");
}

function findingLines(who: string, f: Finding): string[] {
  const label = who.padEnd(5);
  return [
    ...f.effects.map((e) => `  ${label}  ${e.label}: ${number(e)}: ${e.outcome}`),
    ...f.remarks.map((r) => `  ${label}  (${r})`),
  ];
}

function number({ kind, value, interval }: Effect): string {
  if (kind === "ratio") return `${formatRatio(value)} (${formatRatioInterval(interval)})`;
  const range = interval === null ? "–" : `${interval.low.toFixed(2)} to ${interval.high.toFixed(2)}`;
  return `${value.toFixed(2)} (${range})`;
}

function imagesTable(study: Study): string {
  const columns = [
    { title: "image" },
    ...["file bytes", "pixels", "objects"].map((title) => ({ title, align: "right" as const })),
  ];
  const rows = study.images.map((i) => [
    i.image,
    String(i.fileBytes),
    String(i.pixels),
    i.objects === null ? "–" : String(i.objects),
  ]);
  return ["The images", formatTable(columns, rows)].join("\n");
}
