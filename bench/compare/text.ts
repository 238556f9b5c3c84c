import { type Column, formatTable } from "../../lib/table.ts";
import { formatRatio, formatRatioInterval } from "../report/format.ts";
import { type Comparison, type Compared, changeRule } from "./compare.ts";

const MOST_CELLS = 12;

/** A comparison as text: verdict first, then groups, the cells that changed most, and what else is different. */
export function formatComparison(c: Comparison): string {
  const right = (title: string): Column => ({ title, align: "right" });
  const numbers = (x: Compared) => [formatRatio(x.ratio), formatRatioInterval(x.interval), x.change];
  const parts = [headline(c)];
  if (c.newFailures.length > 0)
    parts.push(["Failed in B, measured in A", ...c.newFailures.map((f) => `  ${f.cell}: ${f.why}`)].join("\n"));
  if (c.groups.length > 0) {
    const rows = c.groups.map((g) => [
      g.place,
      g.model,
      `${g.clientKind} ${g.load}`.trim(),
      String(g.images),
      ...numbers(g),
    ]);
    const columns = [
      { title: "client → server" },
      { title: "model" },
      { title: "client" },
      right("images"),
      right("B over A"),
      right("95 % interval"),
      { title: "" },
    ];
    parts.push(["B over A, geometric mean of the images' medians", formatTable(columns, rows)].join("\n"));
  }
  const changed = c.cells
    .filter((x) => x.change === "slower" || x.change === "faster")
    .sort((x, y) => Math.abs(Math.log(y.ratio)) - Math.abs(Math.log(x.ratio)));
  if (changed.length > 0) {
    const rows = changed.slice(0, MOST_CELLS).map((x) => [x.cell.id, ...numbers(x)]);
    const more = changed.length > MOST_CELLS ? `, the ${MOST_CELLS} largest of ${changed.length}` : "";
    parts.push(
      [
        `Cells that changed${more} (each by itself: of cells that did not change, one in twenty may seem to)`,
        formatTable([{ title: "cell" }, right("B over A"), right("95 % interval"), { title: "" }], rows),
      ].join("\n"),
    );
  }
  for (const [name, list] of [
    ["A", c.onlyA],
    ["B", c.onlyB],
  ] as const)
    if (list.length > 0)
      parts.push(`Measured in ${name} alone: ${list.length} cells, such as ${list.slice(0, 3).join("; ")}`);
  parts.push(
    c.provenance.length === 0
      ? "Provenance: the same in everything that is written down."
      : [
          "Provenance: the runs differ in",
          formatTable(
            [{ title: "what" }, { title: "A" }, { title: "B" }],
            c.provenance.map((d) => [d.what, shorten(d.a), shorten(d.b)]),
          ),
        ].join("\n"),
  );
  return [...parts, `Rule: ${changeRule(c.threshold)}.`].join("\n\n");
}

function headline(c: Comparison): string {
  const count = (change: string) => c.groups.filter((g) => g.change === change).length;
  const title = `A = ${c.a}, B = ${c.b}, threshold ${(c.threshold * 100).toFixed(1)} %`;
  if (c.overall === null && c.groups.length === 0) return `${title}\nThe runs have no measured cell in common.`;
  const overall =
    c.overall === null
      ? ""
      : `B over A as a whole: ${formatRatio(c.overall.ratio)} (${formatRatioInterval(c.overall.interval)}): ${c.overall.change}. `;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const agreement =
    c.agreement === null
      ? ""
      : `\nA cell's two medians lie ${percent(c.agreement.typical)} apart (median of ${c.agreement.cells} cells), nine of ten ` +
        `cells within ${percent(c.agreement.ninth)}, all within ${percent(c.agreement.largest)}.`;
  return `${title}\n${overall}Groups: ${count("slower")} slower, ${count("faster")} faster, ${count("same")} the same, ${count("cannot tell")} cannot tell.${agreement}`;
}

function shorten(text: string): string {
  return text.length <= 48 ? text : `${text.slice(0, 22)}…${text.slice(-22)}`;
}
