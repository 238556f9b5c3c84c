import { AXES, type Axis } from "../matrix/axes.ts";
import type { Levels } from "../stats/effects/design.ts";
import { type Column, formatTable } from "../../lib/table.ts";
import { and, count } from "../../lib/words.ts";
import { formatRatio, formatRatioInterval, formatShare } from "../format/numbers.ts";
import { NEAR } from "./apart.ts";
import type { Agreement, Comparison, GroupChange } from "./compare.ts";
import type { FailureChange, FailureRate } from "./failures.ts";
import type { Compared, JudgedTogether } from "./judge.ts";
import { type Verdict, rules, verdictOf } from "./exit-code.ts";

const MOST_CELLS = 12;
/** Differences of provenance that the first lines name. */
const NAMED = 4;

const right = (title: string): Column => ({ title, align: "right" });

/** A comparison as text: verdict first, then groups, the cells that changed most, and what else is different. */
export function formatComparison(c: Comparison, verdict: Verdict = verdictOf(c), axes: readonly Axis[] = AXES): string {
  const shown = axes.filter((axis) => c.axes.includes(axis.key));
  const parts = [
    headline(c, verdict),
    ...listed(
      "Failed in B, measured in A",
      c.newFailures.map((f) => `${f.cell}: ${f.why}`),
    ),
    ...failureTable(c.failures, shown),
    ...groupTables(c.groups, shown),
    ...changedCells(c),
    ...lone("A", c.onlyA),
    ...lone("B", c.onlyB),
    ...(c.otherInput.length === 0 ? [] : [`Left out, for their photograph is another one: ${someOf(c.otherInput)}`]),
    provenance(c),
    ["Rules", ...rules(c.threshold).map((r) => `  ${r}`)].join("\n"),
  ];
  return parts.join("\n\n");
}

function headline(c: Comparison, { exitCode, reasons }: Verdict): string {
  const lines = [
    `A = ${c.a}, B = ${c.b}, threshold ${formatShare(c.threshold)}`,
    `Exit code ${exitCode}: ${exitCode === 0 ? "nothing got worse" : reasons.join("; ")}.`,
  ];
  if (c.notComparable !== null) lines.push(`NOT COMPARABLE: ${c.notComparable}.`);
  else if (c.cells.length === 0) lines.push("The runs have no measured cell in common.");
  if (c.onlyA.length > 0)
    lines.push(
      `B lacks ${c.onlyA.length} of the ${c.cells.length + c.otherInput.length + c.onlyA.length} cells that A measured: nothing is said of them.`,
    );
  if (c.overall !== null)
    lines.push(
      `B over A as a whole: ${formatRatio(c.overall.ratio)} (${formatRatioInterval(c.overall.interval)}): ${c.overall.change}.`,
    );
  if (c.groups.length > 0) lines.push(`Groups: ${counts(c.groups)}.`);
  const tails = c.groups.flatMap((g) => g.p90 ?? []);
  if (tails.length > 0) lines.push(`p90 of groups: ${counts(tails)}.`);
  const [whole] = c.failures;
  if (whole !== undefined && whole.a.visits + whole.b.visits > 0)
    lines.push(`Visits with a failure: ${rate(whole.a)} in A, ${rate(whole.b)} in B${failureWord(whole)}.`);
  if (c.provenance.length > 0) {
    const more = c.provenance.length > NAMED ? " and more" : "";
    const names = c.provenance.slice(0, NAMED).map((d) => d.what);
    lines.push(
      `Provenance: the runs differ in ${count(c.provenance.length, "point")} (${more === "" ? and(names) : names.join(", ")}${more}; below).`,
    );
  }
  const all = [...(c.overall === null ? [] : [c.overall]), ...c.groups];
  if (all.length > 0 && all.every((x) => x.change === "inconclusive"))
    lines.push("Every group is inconclusive: a longer run shows more (every cell visited twice and more).");
  else if (exitCode !== 0 && c.resolution !== null && !all.some((x) => x.change.endsWith("slower")))
    lines.push(
      `With a threshold of ${formatShare(c.resolution)} or more the whole and every group of a model that computes would have an answer; longer runs show smaller changes.`,
    );
  if (c.agreement !== null) lines.push(agreementSentence(c.agreement));
  return lines.join("\n");
}

function counts(all: readonly Compared[]): string {
  const of = (change: Compared["change"], words: string) => {
    const n = all.filter((x) => x.change === change).length;
    return [`${n} ${n === 1 ? words.replace("seem ", "seems ") : words}`].filter(
      () => n > 0 || !change.startsWith("seems"),
    );
  };
  return [
    ...of("slower", "slower"),
    ...of("seems slower", "seem slower"),
    ...of("faster", "faster"),
    ...of("seems faster", "seem faster"),
    ...of("same", "the same"),
    ...of("inconclusive", "inconclusive"),
  ].join(", ");
}

function groupTables(groups: readonly GroupChange[], axes: readonly Axis[]): string[] {
  if (groups.length === 0) return [];
  const columns = [
    ...[...axes.map(({ title }) => ({ title })), right("images"), right("B over A"), right("95 % interval")],
    ...[right("for all at once"), { title: "" }],
  ];
  const row = (g: GroupChange, x: JudgedTogether) => [
    ...who(g.levels, axes, g.otherModel),
    String(g.images),
    ...[formatRatio(x.ratio), formatRatioInterval(x.interval), formatRatioInterval(x.together), x.change],
  ];
  const tails = groups.flatMap((g) =>
    g.p90 === null || /inconclusive|same/.test(g.p90.change) ? [] : [row(g, g.p90)],
  );
  return [
    [
      "B over A, geometric mean of the images' medians",
      formatTable(
        columns,
        groups.map((g) => row(g, g)),
      ),
    ].join("\n"),
    ...(tails.length === 0
      ? []
      : [["B over A, p90 of the groups in which it changed", formatTable(columns, tails)].join("\n")]),
  ];
}

/** A group by its levels; `otherModel`: the runs had different models of its name. */
function who(levels: Levels, axes: readonly Axis[], otherModel = false): string[] {
  return axes.map((axis) => {
    const title = axis.levelTitle(levels[axis.key] ?? "");
    return axis.key === "model" && otherModel ? `${title} (another one)` : title;
  });
}

function failureTable(failures: readonly FailureChange[], axes: readonly Axis[]): string[] {
  const [whole, ...groups] = failures;
  if (whole === undefined || groups.length === 0) return [];
  const rows = failures.map((f) => [
    ...(f.group === null ? axes.map((_, i) => (i === 0 ? "all" : "")) : who(f.group, axes)),
    ...[rate(f.a), rate(f.b), `${f.a.calls} of ${f.a.made}`, `${f.b.calls} of ${f.b.made}`],
    ...[
      f.p < 0.0001 ? "< 0.0001" : f.p.toFixed(4),
      f.change === "no" ? "" : f.change === "seems" ? "seems to have risen" : "rose",
    ],
  ]);
  const columns = [
    ...axes.map(({ title }) => ({ title })),
    ...["visits, A", "visits, B", "calls, A", "calls, B", "p"].map(right),
    { title: "" },
  ];
  return [["Visits with a failure, and measured calls that failed", formatTable(columns, rows)].join("\n")];
}

function rate({ visits, tried }: FailureRate): string {
  return `${visits} of ${tried}`;
}

function failureWord({ change }: FailureChange): string {
  return change === "no" ? "" : change === "rose" ? ": they rose" : ": they seem to have risen";
}

function changedCells(c: Comparison): string[] {
  const changed = c.cells
    .filter((x) => x.change === "slower" || x.change === "faster")
    .sort((x, y) => Math.abs(Math.log(y.ratio)) - Math.abs(Math.log(x.ratio)));
  if (changed.length === 0) return [];
  const rows = changed
    .slice(0, MOST_CELLS)
    .map((x) => [x.cell.id, formatRatio(x.ratio), formatRatioInterval(x.interval), x.change]);
  const more = changed.length > MOST_CELLS ? `, the ${MOST_CELLS} largest of ${changed.length}` : "";
  return [
    [
      `Cells that changed${more} (each by itself: of cells that did not change, one in twenty may seem to)`,
      formatTable([{ title: "cell" }, right("B over A"), right("95 % interval"), { title: "" }], rows),
    ].join("\n"),
  ];
}

function lone(name: string, cells: readonly string[]): string[] {
  return cells.length === 0 ? [] : [`Measured in ${name} alone: ${someOf(cells)}`];
}

function someOf(cells: readonly string[]): string {
  return `${count(cells.length, "cell")}, such as ${cells.slice(0, 3).join("; ")}`;
}

function listed(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [[title, ...lines.map((line) => `  ${line}`)].join("\n")];
}

function provenance({ provenance: differences }: Comparison): string {
  if (differences.length === 0) return "Provenance: the same in everything that is written down.";
  const rows = differences.map((d) => [d.what, shorten(d.a), shorten(d.b)]);
  return [
    "Provenance: the runs differ in",
    formatTable([{ title: "what" }, { title: "A" }, { title: "B" }], rows),
  ].join("\n");
}

/** How well two runs agree, in a sentence. */
export function agreementSentence(a: Agreement): string {
  const overlap = a.overlapping === null ? "" : `, the 95 % intervals of ${formatShare(a.overlapping)} overlap`;
  return (
    `A cell's two medians lie ${formatShare(a.typical)} apart (median of ${a.cells} cells), nine of ten cells within ` +
    `${formatShare(a.ninth)}, all within ${formatShare(a.largest)}; ${formatShare(a.close)} of the cells lie within ${100 * NEAR} %${overlap}.`
  );
}

function shorten(text: string): string {
  return text.length <= 48 ? text : `${text.slice(0, 22)}…${text.slice(-22)}`;
}
