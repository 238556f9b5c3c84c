/** A column of a printed table. */
export interface Column {
  readonly title: string;
  /** Right for numbers. Default: left. */
  readonly align?: "left" | "right";
}

/** A table as text: one line for each row, no spaces at line ends. A title of several lines (`\n`) makes the header as high. */
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

/** The width of a text on a terminal, in characters (Lathe prints no wide ones). */
function width(text: string): number {
  return [...text].length;
}
