import { cleanLine } from "../../../lib/clean.ts";
import { formatSeconds } from "../../../lib/progress.ts";
import { count } from "../../../lib/words.ts";
import { formatMs } from "../../format/numbers.ts";
import { when } from "../../format/when.ts";
import { besideText } from "../answer/compared.ts";
import type { Finding, ModelFinding, PlaceRow } from "../answer/types.ts";
import { noQuantiles } from "../answer/names.ts";
import { findingOf } from "../finding.ts";
import { escapeMarkdown } from "../render/markdown.ts";
import type { ReportInputs } from "../section.ts";
import type { RunReport } from "./output.ts";

/** Lines of a job's summary at most: more than that nobody reads on a CI system's page. */
export const MOST_LINES = 60;
/** Lines of each part that may be long. */
const MOST = { places: 8, loads: 8, answers: 8, notable: 3, failures: 5, thresholds: 10, caveats: 6 };

/** Text from anywhere, on one line, that Markdown prints as it stands. */
const text = (from: string) => escapeMarkdown(cleanLine(from));

/**
 * A run for the page of a CI job, in GitHub's Markdown: the finding, thresholds, medians, the answers, what failed, caveats, and how
 * to go on. 60 lines at most.
 */
export function jobSummary({ inputs }: RunReport): string {
  const finding = findingOf(inputs);
  const parts = [
    [`## ${text(finding.title)}`],
    [extent(finding)],
    thresholds(inputs),
    loads(finding),
    finding.loads.length > 0 ? [] : medians(finding.perModel),
    answers(finding),
    finding.notable.slice(0, MOST.notable).map((found) => `- Found: ${text(`${found.whole} ${found.cause}`)}`),
    failures(inputs),
    caveats(finding),
    finding.next === undefined ? [] : [`Next: \`${cleanLine(finding.next).replaceAll("`", "'")}\``],
  ];
  const lines = parts.filter((part) => part.length > 0).flatMap((part) => [...part, ""]);
  return `${lines.slice(0, MOST_LINES).join("\n").trimEnd()}\n`;
}

/** The first items of a part, and how many more there are. */
function first<T>(items: readonly T[], most: number, of: (item: T) => string): string[] {
  const more = items.length - most;
  return [...items.slice(0, most).map(of), ...when(more > 0, `- and ${more} more`)];
}

function extent({ where, confidence }: Finding): string {
  const { run, cells, measured, failed, missing, calls, failedCalls, seconds } = where;
  return [
    ...when(confidence !== undefined, confidence === "high" ? "**High confidence.**" : "**Inconclusive.**"),
    `Run ${text(run)}: ${measured} of ${count(cells, "cell")} measured, ${failed} failed, ${missing} not measured;`,
    `${count(calls, "call")}, ${failedCalls} failed${seconds === null ? "" : `; ${formatSeconds(seconds)}`}.`,
  ].join(" ");
}

const SIGNS = { holds: "✅", broken: "❌", inconclusive: "❔" } as const;

function thresholds({ thresholds: results = [] }: ReportInputs): string[] {
  if (results.length === 0) return [];
  const order = ["broken", "inconclusive", "holds"];
  const sorted = results.toSorted((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome));
  const row = (r: (typeof results)[number]) =>
    `- ${SIGNS[r.outcome]} ${r.outcome}: **${text(r.threshold)}**, ${text(r.about)}: ${text(r.why)}`;
  return ["### Thresholds", "", ...first(sorted, MOST.thresholds, row)];
}

function loads({ loads: all }: Finding): string[] {
  if (all.length === 0) return [];
  const ms = (g: Finding["loads"][number]) =>
    [noQuantiles(g) ?? g.p50Ms, g.p95Ms, g.p99Ms].map((v) =>
      v === null ? "" : typeof v === "string" ? v : formatMs(v),
    );
  const rate = (value: number | null) => (value === null ? "–" : value.toFixed(1));
  return [
    "| under load | calls/s | p50, ms | p95, ms | p99, ms | errors |",
    "|:--|--:|--:|--:|--:|--:|",
    ...all
      .slice(0, MOST.loads)
      .map(
        (g) =>
          `| ${text(`${g.model}, ${g.place}, ${g.protocol}, ${g.load}`)} | ${rate(g.achievedPerSecond)} | ${ms(g).join(" | ")} | ${g.errors} |`,
      ),
    ...when(all.length > MOST.loads, "", `And ${all.length - MOST.loads} more in the report.`),
  ];
}

/** A line for each place, a column for each model and protocol, the best of each model in bold, a question mark where it is open which is the best. */
function medians(models: readonly ModelFinding[]): string[] {
  const places = [...new Set(models.flatMap((m) => m.rows.map((r) => r.place)))];
  const columns = models.flatMap((m) =>
    [...new Set(m.rows.map((r) => r.protocol))].map((protocol) => ({ ...m, protocol })),
  );
  if (places.length === 0 || columns.length === 0) return [];
  const cell = (row: PlaceRow | undefined, sure: boolean) => {
    if (row?.medianMs == null) return (row?.failed ?? 0) > 0 ? "failed" : "–";
    if (row.best && sure) return `**${formatMs(row.medianMs)}**`;
    return row.maybeBest ? `${formatMs(row.medianMs)} ?` : formatMs(row.medianMs);
  };
  return [
    `| median, ms | ${columns.map((c) => text(`${c.model} ${c.protocol}`)).join(" | ")} |`,
    `|:--|${columns.map(() => "--:|").join("")}`,
    ...places.slice(0, MOST.places).map((place) => {
      const row = columns.map((c) =>
        cell(
          c.rows.find((r) => r.place === place && r.protocol === c.protocol),
          c.confidence === "high",
        ),
      );
      return `| ${text(place)} | ${row.join(" | ")} |`;
    }),
    ...when(places.length > MOST.places, "", `And ${places.length - MOST.places} more places in the report.`),
  ];
}

function answers({ answers: all }: Finding): string[] {
  return first(all, MOST.answers, (a) => {
    const why = a.why === "" ? "" : ` ${text(`Why: ${a.why}.`)}`;
    return `- **${text(`${a.question}: ${a.answer}`)}** (${a.confidence}): ${text(besideText(a))}.${why}`;
  });
}

function failures({ cells, summaries }: ReportInputs): string[] {
  const failed = cells.flatMap((c) => {
    const failure = summaries.get(c.id)?.failure;
    return failure === undefined ? [] : [`- ${text(`${c.id}: ${failure.code}: ${failure.message}`.slice(0, 300))}`];
  });
  return failed.length === 0 ? [] : ["### Failed cells", "", ...first(failed, MOST.failures, (t) => t)];
}

function caveats({ caveats: all }: Finding): string[] {
  return first(all, MOST.caveats, (c) => `- ${c.tone === "bad" ? "**Attention:** " : "Caveat: "}${text(c.whole)}`);
}
