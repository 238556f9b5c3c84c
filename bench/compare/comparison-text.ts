import { AXES, type Axis } from "../matrix/axes.ts";
import { type Column, formatTable } from "../../lib/table.ts";
import { and, count } from "../../lib/words.ts";
import { when } from "../format/when.ts";
import { formatRatio, formatRatioInterval, formatShare } from "../format/numbers.ts";
import { NEAR } from "./apart.ts";
import { changeLine, who } from "./change-line.ts";
import type { Agreement, Comparison, GroupChange } from "./compare.ts";
import type { FailureChange, FailureRate } from "./failures.ts";
import type { Compared, JudgedTogether } from "./judge.ts";
import { OTHER_INPUT } from "./provenance.ts";
import { type Verdict, rules, verdictOf } from "./exit-code.ts";

const MOST_CELLS = 12;
/** Differences of provenance that the first lines name. */
const NAMED = 4;

const right = (title: string): Column => ({ title, align: "right" });

/** A table below its title; a column of words by its title alone. */
function titled(title: string, columns: readonly (string | Column)[], rows: readonly (readonly string[])[]): string {
  const all = columns.map((c) => (typeof c === "string" ? { title: c } : c));
  return `${title}\n${formatTable(all, rows)}`;
}

/** A comparison as text: verdict first, then groups, the cells that changed most, and what else is different. */
export function formatComparison(c: Comparison, verdict: Verdict = verdictOf(c), axes: readonly Axis[] = AXES): string {
  const shown = axes.filter((axis) => c.axes.includes(axis.key));
  const parts = [
    headline(c, verdict, shown),
    ...when(
      c.newFailures.length > 0,
      ["Failed in B, measured in A", ...c.newFailures.map((f) => `  ${f.cell}: ${f.why}`)].join("\n"),
    ),
    ...failureTable(c.failures, shown),
    ...groupTables(c.groups, shown),
    ...changedCells(c),
    ...when(c.onlyA.length > 0, `Measured in A alone: ${someOf(c.onlyA)}`),
    ...when(c.onlyB.length > 0, `Measured in B alone: ${someOf(c.onlyB)}`),
    ...when(
      c.untold.length > 0,
      `Not compared, because a run cannot tell their latencies: ${someOf([...new Set(c.untold.map(({ cell, why }) => `${cell} (${why})`))])}`,
    ),
    ...when(c.otherInput.length > 0, `Left out, because they have ${OTHER_INPUT}: ${someOf(c.otherInput)}`),
    provenance(c),
    ["Rules", ...rules(c).map((r) => `  ${r}`)].join("\n"),
  ];
  return parts.join("\n\n");
}

function headline(c: Comparison, { exitCode, reasons }: Verdict, axes: readonly Axis[]): string {
  const lines = [
    changeLine(c, axes),
    `Exit code ${exitCode}: ${exitCode === 0 ? "nothing got worse" : reasons.join("; ")}. A = ${c.a}, B = ${c.b}, threshold ${formatShare(c.threshold)}.`,
  ];
  if (c.onlyA.length > 0)
    lines.push(
      `B lacks ${c.onlyA.length} of the ${c.cells.length + c.otherInput.length + c.onlyA.length} cells that A measured: they are not compared.`,
    );
  if (c.overall !== null)
    lines.push(
      `B over A as a whole: ${formatRatio(c.overall.ratio)} (${formatRatioInterval(c.overall.interval)}): ${c.overall.change}.`,
    );
  if (c.groups.length > 0) lines.push(`Groups: ${counts(c.groups)}.`);
  const tails = c.groups.flatMap((g) => g.p90 ?? []);
  if (tails.length > 0) lines.push(`p90 of groups: ${counts(tails)}.`);
  const [whole] = c.failures;
  const words = { no: "", seems: ": they seem to have risen", rose: ": they rose" };
  if (whole !== undefined && whole.a.visits + whole.b.visits > 0)
    lines.push(`Visits with a failure: ${rate(whole.a)} in A, ${rate(whole.b)} in B${words[whole.change]}.`);
  if (c.provenance.length > 0) {
    const more = c.provenance.length > NAMED ? " and more" : "";
    const names = c.provenance.slice(0, NAMED).map((d) => d.what);
    lines.push(
      `Provenance: the runs differ in ${count(c.provenance.length, "point")} (${more === "" ? and(names) : names.join(", ")}${more}; below).`,
    );
  }
  const all = [...(c.overall === null ? [] : [c.overall]), ...c.groups];
  if (all.length > 0 && all.every((x) => x.change === "inconclusive"))
    lines.push("Every group is inconclusive: a longer run shows more (every cell visited at least twice).");
  else if (exitCode !== 0 && c.resolution !== null && !all.some((x) => x.change.endsWith("slower")))
    lines.push(
      `With a threshold of ${formatShare(c.resolution)} or more, the whole and every group of a model that computes would have an answer. Longer runs show smaller changes.`,
    );
  if (c.agreement !== null) lines.push(agreementSentence(c.agreement));
  return lines.join("\n");
}

function counts(all: readonly Compared[]): string {
  const changes = ["slower", "seems slower", "faster", "seems faster", "same", "inconclusive"] as const;
  return changes
    .map((change) => ({ change, n: all.filter((x) => x.change === change).length }))
    .filter(({ change, n }) => n > 0 || !change.startsWith("seems"))
    .map(({ change, n }) => `${n} ${(n === 1 ? change : change.replace("seems", "seem")).replace("same", "the same")}`)
    .join(", ");
}

function groupTables(groups: readonly GroupChange[], axes: readonly Axis[]): string[] {
  if (groups.length === 0) return [];
  const columns = [
    ...axes.map(({ title }) => title),
    ...["images", "B over A", "95 % interval", "for all at once"].map(right),
    "",
  ];
  const row = (g: GroupChange, x: JudgedTogether) => [
    ...who(g.levels, axes, g.otherModel),
    String(g.images),
    ...[formatRatio(x.ratio), formatRatioInterval(x.interval), formatRatioInterval(x.together), x.change],
  ];
  const changed = (g: GroupChange) => g.p90 !== null && !/inconclusive|same/.test(g.p90.change);
  const tails = groups.filter(changed).map((g) => row(g, g.p90 ?? g));
  return [
    titled(
      "B over A, geometric mean of the images' medians",
      columns,
      groups.map((g) => row(g, g)),
    ),
    ...when(tails.length > 0, titled("B over A, p90 of the groups in which it changed", columns, tails)),
  ];
}

function failureTable(failures: readonly FailureChange[], axes: readonly Axis[]): string[] {
  const [whole, ...groups] = failures;
  if (whole === undefined || groups.length === 0) return [];
  const rows = failures.map((f) => [
    ...(f.group === null ? axes.map((_, i) => (i === 0 ? "all" : "")) : who(f.group, axes)),
    ...[rate(f.a), rate(f.b), `${f.a.calls} of ${f.a.made}`, `${f.b.calls} of ${f.b.made}`],
    ...[f.p < 0.0001 ? "< 0.0001" : f.p.toFixed(4), { no: "", seems: "seems to have risen", rose: "rose" }[f.change]],
  ]);
  const numbers = ["visits, A", "visits, B", "calls, A", "calls, B", "p"].map(right);
  const columns = [...axes.map(({ title }) => title), ...numbers, ""];
  return [titled("Visits with a failure, and measured calls that failed", columns, rows)];
}

function rate({ visits, tried }: FailureRate): string {
  return `${visits} of ${tried}`;
}

function changedCells(c: Comparison): string[] {
  const changed = c.cells
    .filter((x) => !/same|inconclusive/.test(x.change))
    .sort((x, y) => Math.abs(Math.log(y.ratio)) - Math.abs(Math.log(x.ratio)));
  if (changed.length === 0) return [];
  const rows = changed
    .slice(0, MOST_CELLS)
    .map((x) => [
      x.cell.id,
      formatRatio(x.ratio),
      formatRatioInterval(x.interval),
      formatRatioInterval(x.together),
      x.change,
    ]);
  const more = changed.length > MOST_CELLS ? `, the ${MOST_CELLS} largest of ${changed.length}` : "";
  const heading = `Cells that changed${more} (of cells that did not change, one in twenty may seem to)`;
  return [titled(heading, ["cell", ...["B over A", "95 % interval", "for all at once"].map(right), ""], rows)];
}

function someOf(cells: readonly string[]): string {
  return `${count(cells.length, "cell")}, such as ${cells.slice(0, 3).join("; ")}`;
}

function provenance({ provenance: differences }: Comparison): string {
  if (differences.length === 0) return "Provenance: the two runs do not differ in anything that was recorded.";
  const rows = differences.map((d) => [d.what, shorten(d.a), shorten(d.b)]);
  return titled("Provenance: the runs differ in", ["what", "A", "B"], rows);
}

/** How well two runs agree, in a sentence. */
function agreementSentence(a: Agreement): string {
  const overlap = a.overlapping === null ? "" : `, the 95 % intervals of ${formatShare(a.overlapping)} overlap`;
  return (
    `A cell's two medians lie ${formatShare(a.typical)} apart (median of ${a.cells} cells), nine of ten cells within ` +
    `${formatShare(a.ninth)}, all within ${formatShare(a.largest)}; ${formatShare(a.close)} of the cells lie within ${100 * NEAR} %${overlap}.`
  );
}

function shorten(text: string): string {
  return text.length <= 48 ? text : `${text.slice(0, 22)}…${text.slice(-22)}`;
}
