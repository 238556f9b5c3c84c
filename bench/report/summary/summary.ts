import type { Line, Span } from "../../../lib/output.ts";
import { quote } from "../../../lib/quote.ts";
import { formatSeconds } from "../../../lib/progress.ts";
import { count } from "../../../lib/words.ts";
import { when } from "../../format/when.ts";
import type { ThresholdResult } from "../../thresholds/result.ts";
import type { Finding, FindingAnswer } from "../answer/types.ts";
import { serversFindings } from "../answer/which-server.ts";
import { findingOf } from "../finding.ts";
import type { ReportInputs } from "../section.ts";
import { COLUMNS, fitted, line, padded, span } from "./line.ts";
import { loadsTable } from "./loads.ts";
import { mediansTable } from "./medians.ts";
import { serversTable } from "./servers.ts";

/** Lines of a summary at most: with the prompt below it, it fits on any screen. */
export const MOST_LINES = 20;
/** Lines of the table that are places or loads; of loads more, where there is room. */
const MOST_ROWS = 5;
/** The table's head, and an empty line before and after it. */
const BLANKS = 3;
/** Servers that the table of servers shows. */
const MOST_SERVERS = 7;
/** The model that the first answers are of: one that computes before the others. */
const titled = ({ perModel }: Finding) => perModel.find((m) => !m.isNull)?.model ?? perModel[0]?.model;
/** Broken and inconclusive thresholds that are shown one by one. */
const MOST_THRESHOLDS = 3;

/** Where to look and what to type after a run. */
export interface Pointers {
  /** The report's page, as a person opens it; absent: nothing was written. */
  readonly page?: string;
  /** In place of what the finding says to type next. */
  readonly next?: string;
}

/**
 * What a run found, on one screen: the finding, what was measured, medians, the answer to each question with how sure it is and
 * why, thresholds, caveats, where the report is and what to type next. Each question has a line, and a second one for its cause as
 * long as there is room.
 */
export function summaryLines(inputs: ReportInputs, pointers: Pointers): Line[] {
  const finding = findingOf(inputs);
  const compared = finding.perModel.some((m) => m.rows.some((r) => r.compared));
  const head = [titleLine(finding), extentLine(finding)];
  const rest = [
    ...failureLines(inputs, finding),
    ...thresholdLines(inputs.thresholds ?? []),
    ...lastLines(inputs, finding, pointers),
  ];
  const notable = notableLines(finding);
  const spent = head.length + rest.length + finding.answers.length + Math.min(1, notable.length);
  const [servers] = serversFindings(inputs).filter((f) => f.model === titled(finding));
  const table =
    servers !== undefined
      ? serversTable(servers, MOST_SERVERS)
      : finding.loads.length > 0 && !compared
        ? loadsTable(finding.loads, Math.max(MOST_ROWS, MOST_LINES - spent - BLANKS))
        : finding.where.measured > 0
          ? mediansTable(finding.perModel, MOST_ROWS)
          : [];
  const free = MOST_LINES - head.length - table.length - rest.length;
  const foot = [...notable.slice(0, Math.max(1, free - finding.answers.length)), ...rest];
  const room = MOST_LINES - head.length - table.length - foot.length;
  const answers = answerLines(finding.answers, room);
  const blank: Line[] = [[]];
  const spare = MOST_LINES - head.length - table.length - answers.length - foot.length;
  // Empty lines part what belongs together, where there is room for them.
  return [
    ...head,
    ...when(spare >= 1 && table.length > 0, ...blank),
    ...table,
    ...when(spare >= 2 && answers.length > 0, ...blank),
    ...answers,
    ...when(spare >= 3 && foot.length > 0, ...blank),
    ...foot,
  ];
}

/** The title and how sure it is. A long title is cut before that; one that itself says that it is open needs no word for it. */
function titleLine({ title, confidence }: Finding): Line {
  if (confidence === undefined) return line(span(title, "strong"));
  const sure = sureSpan(confidence);
  const room = COLUMNS - sure.text.length;
  const { text } = span(title);
  if (confidence === "inconclusive" && [...text].length > room) return line(span(title, "strong"));
  return line(padded(fitted(text, room), "strong"), sure);
}

const sureSpan = (confidence: FindingAnswer["confidence"]): Span =>
  confidence === "high" ? span(" (high confidence)", "good") : span(" (inconclusive)", "unsure");

function extentLine({ where }: Finding): Line {
  const { cells, measured, failed, missing, calls, failedCalls, visits, seconds } = where;
  const [fewest, most] = visits;
  const parts = [
    span(`${measured === cells ? "" : `${measured} of `}${count(cells, "cell")}`),
    ...when(failed > 0, span(`, ${failed} failed`, "bad")),
    ...when(missing > 0, span(`, ${missing} not measured`, "bad")),
    ...when(calls + failedCalls > 0, span(`; ${count(calls, "call")}, `)),
    ...when(failedCalls > 0, span(`${failedCalls} failed`, "bad")),
    ...when(calls > 0 && failedCalls === 0, span("none failed")),
    ...when(seconds !== null, span(`; ${formatSeconds(seconds ?? 0)}`)),
  ];
  const perCell = `; ${fewest === most ? count(most, "visit") : `${fewest} to ${most} visits`} each`;
  const used = parts.reduce((sum, part) => sum + part.text.length, 0);
  // What has no room is left out whole.
  return line(...parts, ...when(most > 0 && used + perCell.length <= COLUMNS, span(perCell)));
}

/**
 * A line for each question; where all of them leave room, a second one with what limits the answer and with the cause, the first questions
 * first. What another answer has said already is not said again.
 */
function answerLines(answers: readonly FindingAnswer[], room: number): Line[] {
  const said = new Set<string>();
  let left = room - answers.length;
  return answers
    .slice(0, Math.max(0, room))
    .flatMap(({ question, answer, confidence, compared, limit, why }): Line[] => {
      const sure = confidence === "high" ? span(" (high)", "good") : span(" (inconclusive)", "unsure");
      const first = [span(`${question}: `), span(answer, "strong"), sure];
      const used = first.reduce((sum, part) => sum + [...part.text].length, 0);
      const more = [limit, why].filter((text) => text !== "" && !said.has(text));
      said.add(why);
      const lines = [line(...first, ...when(compared !== "", span(`: ${shortened(compared, COLUMNS - used - 2)}`)))];
      if (more.length === 0 || (left -= 1) < 0) return lines;
      return [...lines, line(padded("  "), span(clauses(more.join("; "), COLUMNS - 2), "faint"))];
    });
}

/** `REST takes 1.26 times as long (1.20 to 1.32), …`, without its verb where the first ratio has no room with it. */
function shortened(compared: string, columns: number): string {
  const first = compared.indexOf(")") + 1;
  return [...compared.slice(0, first)].length <= columns ? compared : compared.replace(/ takes (?=[\d.])/, " ");
}

/** As many whole clauses as fit: a list that is cut within one would say something else. Of the first one as much as fits. */
function clauses(text: string, columns: number): string {
  const [first = "", ...more] = text.split("; ");
  let kept = first;
  for (const clause of more) {
    if ([...kept, ...clause].length + 2 > columns) break;
    kept = `${kept}; ${clause}`;
  }
  return kept;
}

/** What was found beside the answers, and its likely cause: the first of it. The report has the whole. */
function notableLines({ notable: [first, ...more] }: Finding): Line[] {
  if (first === undefined) return [];
  const others = more.length === 0 ? "Found: " : `Found (1 of ${more.length + 1}): `;
  return [
    line(span(others, "strong"), span(first.short)),
    ...when(first.cause !== "", line(padded("  "), span(first.cause, "faint"))),
  ];
}

/** The first cell that failed, and its reason in a line of its own: it is what a person looks for first. */
function failureLines({ cells, summaries }: ReportInputs, { where }: Finding): Line[] {
  if (where.failed === 0) return [];
  const cell = cells.find((c) => summaries.get(c.id)?.failure !== undefined);
  const failure = cell && summaries.get(cell.id)?.failure;
  if (cell === undefined || failure === undefined) return [];
  return [
    line(span("Failed: ", "bad"), span(`${cell.id}: ${failure.code}`)),
    line(padded("  "), span(failure.message)),
  ];
}

function thresholdLines(results: readonly ThresholdResult[]): Line[] {
  if (results.length === 0) return [];
  const of = (outcome: ThresholdResult["outcome"]) => results.filter((r) => r.outcome === outcome);
  const [broken, open, holds] = [of("broken"), of("inconclusive"), of("holds").length];
  const shown = [...broken, ...open].slice(0, MOST_THRESHOLDS);
  // What all thresholds are about has no room: a line would end before what tells it from the next.
  const parts = results.map((r) => r.about.split(", "));
  const alike = (part: string) => parts.every((own) => own.includes(part));
  const about = (r: ThresholdResult) =>
    r.about
      .split(", ")
      .filter((part) => !alike(part))
      .join(", ") || r.about;
  return [
    line(
      span("Thresholds: ", "strong"),
      span(`${holds} hold`, holds > 0 ? "good" : undefined),
      ...when(broken.length > 0, span(`, ${broken.length} broken`, "bad")),
      ...when(open.length > 0, span(`, ${open.length} inconclusive`, "unsure")),
    ),
    ...shown.map((r) =>
      line(
        padded("  "),
        span(`${r.threshold} ${r.outcome}`, r.outcome === "broken" ? "bad" : "unsure"),
        span(`: ${about(r)}: ${r.why}`),
      ),
    ),
  ];
}

function lastLines({ manifest }: ReportInputs, finding: Finding, { page, next = nextOf(finding) }: Pointers): Line[] {
  return [
    ...caveatLine(finding, manifest.remarks),
    // Paths and commands are to be copied: they are never cut.
    ...when(page !== undefined, [span("Report: "), span(page ?? "", "strong")]),
    [span("Next: "), span(next, "strong")],
  ];
}

/** What to type next: what settles the run's first open question; else what tries its failed cells again, or shows all of it. */
function nextOf({ next, where }: Finding): string {
  const run = quote(where.run);
  if (next !== undefined) return next;
  return where.failed > 0 ? `npx lathe bench --resume ${run}` : `npx lathe report ${run} --print --full`;
}

/**
 * As many caveats as fit, and how many there are besides: none is left out in silence. What numbers are wrong comes first, then what
 * stands in for something else, then single cells.
 */
function caveatLine({ caveats, where }: Finding, remarks: readonly string[]): Line[] {
  // That cells failed has a line of its own.
  const own = caveats.filter((c) => where.failed === 0 || !/^\d+ cells? failed$/.test(c.short));
  if (own.length === 0) return [];
  const head = span("Caveats: ", own.some((c) => c.tone === "bad") ? "bad" : "unsure");
  const rank = (c: Finding["caveats"][number]) => (c.tone === "bad" ? 0 : remarks.includes(c.whole) ? 1 : 2);
  const texts = [...new Set(own.toSorted((a, b) => rank(a) - rank(b)).map((c) => span(c.short).text))];
  for (let shown = texts.length; ; shown--) {
    const more = shown < texts.length ? [`${texts.length - shown} more in the report`] : [];
    const text = [...texts.slice(0, shown), ...more].join("; ");
    if (shown === 0 || head.text.length + [...text].length <= COLUMNS) return [line(head, span(text))];
  }
}
