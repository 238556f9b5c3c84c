import type { Column } from "../../lib/table.ts";
import type { Markup } from "./render/markup.ts";

/*
 * What a report is made of. Sections are made of these blocks; the renderers in render/ turn them into text for a terminal,
 * Markdown and HTML. Strings in blocks are plain text: renderers escape them.
 */

/** Where a report is read. */
export type Medium = "terminal" | "markdown" | "html";

/** Running text; a part of it may stand out. */
export type Prose = string | readonly (string | { readonly strong: string })[];

/** How a cell or a notice is meant; shown by a sign and a colour beside the words, never by colour alone. */
export type Tone = "good" | "bad" | "unsure" | "muted";

export type TableCell = string | { readonly text: string; readonly tone: Tone };

export interface TableColumn extends Column {
  /** Neighbours with the same group stand under one heading. */
  readonly group?: string;
}

export interface Table {
  readonly kind: "table";
  /** Absent: the section's title says it. */
  readonly caption?: string;
  readonly columns: readonly TableColumn[];
  /** As many cells as there are columns. The first cell of a row is its heading. */
  readonly rows: readonly (readonly TableCell[])[];
  /** What a reader must know beside the numbers, below the table. */
  readonly notes?: readonly string[];
  /** How the numbers were made: an id of `METHODS` (methods.ts). The page links it. */
  readonly method?: string;
  /** The page lets readers sort it by a column and filter its rows. */
  readonly sortable?: boolean;
}

/** One picture of a figure: SVG or HTML that a chart or drawing function made, and escaped. */
export interface Panel {
  /** Direct label above the picture; plain text. */
  readonly title?: string;
  readonly picture: Markup;
}

/** What a colour or sign of a figure means. */
export interface LegendEntry {
  readonly label: string;
  /** A colour of the page by its name: `grpc` is `var(--grpc)`. */
  readonly colour: string;
  /** Default: a filled circle. `dashed`: a line as such. `unknown`: a faint one with a question mark. */
  readonly sign?: "circle" | "diamond" | "dashed" | "unknown" | "square";
  readonly hollow?: boolean;
}

/**
 * A figure of one or several pictures (small multiples: as many side by side as there is room for, one on a phone).
 * Terminal and Markdown leave it out and print its `data`, where it has any.
 */
export interface Figure {
  readonly kind: "figure";
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly legend?: readonly LegendEntry[];
  /** How it is to be read, and what it shows, in a sentence or two. */
  readonly caption?: string;
  /** The text alternative: what one would see, in words. */
  readonly alternative: string;
  /** The numbers behind it. HTML shows them folded. */
  readonly data?: Table;
  /** Smaller pictures, so that two stand side by side on a phone. */
  readonly small?: boolean;
  /** As of a table. */
  readonly method?: string;
}

export type Block =
  | { readonly kind: "prose"; readonly text: Prose }
  | { readonly kind: "list"; readonly items: readonly Prose[] }
  /** What must not be overlooked: a stand-in, a disagreement. */
  | { readonly kind: "notice"; readonly tone: Tone; readonly text: Prose }
  | Table
  | Figure
  /** Long matter: HTML folds it, Markdown and the terminal print it. */
  | { readonly kind: "fold"; readonly title: string; readonly blocks: readonly Block[] }
  /** For some media only. */
  | { readonly kind: "only"; readonly media: readonly Medium[]; readonly blocks: readonly Block[] };

export const prose = (text: Prose): Block => ({ kind: "prose", text });
export const list = (items: readonly Prose[]): Block => ({ kind: "list", items });
export const notice = (tone: Tone, text: Prose): Block => ({ kind: "notice", tone, text });
export const figure = (parts: Omit<Figure, "kind">): Figure => ({ kind: "figure", ...parts });
export const fold = (title: string, ...blocks: readonly Block[]): Block => ({ kind: "fold", title, blocks });
export const only = (media: readonly Medium[], ...blocks: readonly Block[]): Block => ({ kind: "only", media, blocks });

/** What a table is made from: as `Table`, a column of words by its title alone, and no notes as good as none. */
type TableParts = Omit<Table, "kind" | "columns"> & { readonly columns: readonly (string | TableColumn)[] };

/** A table. Columns in which no row says anything are left out: the first one, of the rows' headings, stays. */
export function table({ columns, rows, ...parts }: TableParts): Table {
  const says = (cell: TableCell | undefined) => cell !== undefined && !["", "–"].includes(cellText(cell));
  const kept = columns.map((_, i) => i === 0 || rows.length === 0 || rows.some((row) => says(row[i])));
  return {
    ...{ kind: "table", ...parts },
    columns: columns.filter((_, i) => kept[i]).map((c) => (typeof c === "string" ? { title: c } : c)),
    rows: rows.map((row) => row.filter((_, i) => kept[i])),
  };
}

/** A column of numbers. */
export const right = (title: string, group?: string): TableColumn => ({
  ...{ title, align: "right" },
  ...(group === undefined ? {} : { group }),
});

/** Columns of numbers. */
export const rights = (...titles: readonly string[]): TableColumn[] => titles.map((title) => right(title));

/** The plain text of running text. */
export function plain(text: Prose): string {
  return typeof text === "string" ? text : text.map((part) => (typeof part === "string" ? part : part.strong)).join("");
}

/** The plain text of a cell. */
export function cellText(cell: TableCell): string {
  return typeof cell === "string" ? cell : cell.text;
}

/** The blocks that a medium shows. */
export function blocksFor(medium: Medium, blocks: readonly Block[]): Exclude<Block, { kind: "only" }>[] {
  return blocks.flatMap((b) => (b.kind !== "only" ? [b] : b.media.includes(medium) ? blocksFor(medium, b.blocks) : []));
}
