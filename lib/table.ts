/** A column of a printed table. */
export interface Column {
  readonly title: string;
  /** Numbers read best when they line up at the right. Default: left. */
  readonly align?: "left" | "right";
}

/** A table as text, one line a row, no trailing spaces. A title of several lines (`\n`) makes a header of several. */
export function formatTable(titled: readonly (Column | string)[], rows: readonly (readonly string[])[]): string {
  const columns = titled.map((c): Column => (typeof c === "string" ? { title: c } : c));
  const titles = columns.map((c) => c.title.split("\n"));
  const height = Math.max(...titles.map((t) => t.length));
  const header = Array.from({ length: height }, (_, line) => titles.map((t) => t[line - (height - t.length)] ?? ""));
  const all = [...header, ...rows];
  const widths = columns.map((_, i) => all.reduce((most, row) => Math.max(most, width(row[i] ?? "")), 0));
  const render = (row: readonly string[]) =>
    columns
      .map((column, i) => {
        const cell = row[i] ?? "";
        const space = " ".repeat(Math.max(0, (widths[i] ?? 0) - width(cell)));
        return column.align === "right" ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd();
  const rule = widths.map((w) => "─".repeat(w)).join("  ");
  return [...header.map(render), rule, ...rows.map(render)].join("\n");
}

/** The number of character cells a string takes on a terminal (no wide characters are printed by Lathe). */
function width(text: string): number {
  return [...text].length;
}
