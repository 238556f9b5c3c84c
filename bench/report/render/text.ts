import { cleanLine } from "../../../lib/clean.ts";
import { formatTable } from "../../../lib/table.ts";
import { type Answer, type Block, type Table, blocksFor, cellText, plain } from "../blocks.ts";
import type { RenderedSection } from "../section.ts";

/** The report for a terminal: sections with a blank line between, tables with aligned columns, no pictures. */
export function renderText(sections: readonly RenderedSection[]): string {
  return sections
    .map((s) => sectionText(s))
    .filter((text) => text !== "")
    .join("\n\n");
}

function sectionText({ title, blocks }: RenderedSection): string {
  const shown = blocksFor("terminal", blocks);
  const texts = shown.map(blockText).filter((text) => text !== "");
  const [first, ...rest] = texts;
  if (first === undefined) return "";
  // A table without a caption of its own has the section's title for one.
  const between = shown[0]?.kind === "table" && shown[0].caption !== undefined ? "\n\n" : "\n";
  return [`${title}${between}${first}`, ...rest].join("\n\n");
}

function blockText(block: Block): string {
  switch (block.kind) {
    case "prose":
      return plain(block.text);
    case "list":
      return block.items.map((item) => `  ${plain(item)}`).join("\n");
    case "answers":
      return block.items.map((a) => [`${a.question}: ${a.answer}`, ...answerLines(a)].join("\n")).join("\n");
    case "notice":
      return `${block.tone === "bad" ? "ATTENTION" : "Note"}: ${plain(block.text)}`;
    case "table":
      return tableText(block);
    case "figure":
      return block.data === undefined ? "" : tableText({ caption: block.title, ...block.data });
    case "fold":
      return [block.title, ...blocksFor("terminal", block.blocks).map(blockText)].filter((t) => t !== "").join("\n");
    case "only":
      return blocksFor("terminal", [block]).map(blockText).join("\n\n");
  }
}

function answerLines({ detail, note }: Answer): string[] {
  return [plain(detail), note ?? ""].filter((line) => line !== "").map((line) => `  ${line}`);
}

/** A table as text, its caption above, its notes below. */
export function tableText({ caption, columns, rows, notes }: Table): string {
  const grouped = columns.map((c, i) => {
    const group = c.group !== undefined && c.group !== columns[i - 1]?.group ? `${c.group}\n` : "";
    return { ...c, title: group + c.title };
  });
  return [
    ...(caption === undefined ? [] : [caption]),
    formatTable(
      grouped,
      rows.map((row) => row.map((cell) => cleanLine(cellText(cell)))),
    ),
    ...(notes ?? []).map((note) => `  ${cleanLine(note)}`),
  ].join("\n");
}
