import { cleanLine } from "../../../lib/clean.ts";
import type { RunManifest } from "../../records/manifest.ts";
import { type Block, type Prose, type Table, blocksFor, cellText, plain } from "../blocks.ts";
import type { RenderedSection } from "../section.ts";

/** The report as Markdown (GitHub's): for an issue, a wiki, a mail. Figures are their numbers; pictures are in the HTML. */
export function renderMarkdown(manifest: RunManifest, sections: readonly RenderedSection[]): string {
  const parts = [`# Lathe: run ${escapeMarkdown(manifest.id)}`];
  for (const { title, blocks } of sections) {
    const texts = blocksFor("markdown", blocks).map(blockText);
    if (texts.some((t) => t !== "")) parts.push(`## ${escapeMarkdown(title)}`, ...texts);
  }
  return `${parts.filter((p) => p !== "").join("\n\n")}\n`;
}

function blockText(block: Block): string {
  switch (block.kind) {
    case "prose":
      return inline(block.text);
    case "list":
      return block.items.map((item) => `- ${inline(item)}`).join("\n");
    case "answers":
      return block.items
        .map((a) =>
          `- **${escapeMarkdown(`${a.question}: ${a.answer}`)}** ${inline(a.detail)} ${escapeMarkdown(a.note ?? "")}`.trimEnd(),
        )
        .join("\n");
    case "notice":
      return `> **${block.tone === "bad" ? "Attention" : "Note"}:** ${inline(block.text)}`;
    case "table":
      return tableText(block);
    case "figure":
      return [
        `**${escapeMarkdown(block.title)}** (the picture is in report.html) ${escapeMarkdown(block.alternative)}`,
        ...(block.data === undefined ? [] : [tableText(block.data)]),
      ].join("\n\n");
    case "fold":
      return [`**${escapeMarkdown(block.title)}**`, ...blocksFor("markdown", block.blocks).map(blockText)].join("\n\n");
    case "only":
      return blocksFor("markdown", [block]).map(blockText).join("\n\n");
  }
}

function inline(text: Prose): string {
  return typeof text === "string"
    ? escapeMarkdown(text)
    : text.map((part) => (typeof part === "string" ? escapeMarkdown(part) : bold(part.strong))).join("");
}

/** Markdown's stars must touch what they make bold: white space stays outside of them. */
function bold(text: string): string {
  const [, before = "", inner = "", after = ""] = /^(\s*)(.*?)(\s*)$/s.exec(text) ?? [];
  return inner === "" ? escapeMarkdown(text) : `${before}**${escapeMarkdown(inner)}**${after}`;
}

function tableText({ caption, columns, rows, notes }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(" | ")} |`;
  const titles = columns.map((c) => (c.group === undefined ? c.title : `${c.group} ${c.title}`));
  const rule = `|${columns.map((c) => (c.align === "right" ? "--:" : ":--")).join("|")}|`;
  return [
    ...(caption === undefined ? [] : [`**${escapeMarkdown(caption)}**\n`]),
    line(titles),
    rule,
    ...rows.map((row) => line(row.map(cellText))),
    ...(notes ?? []).map((note) => `\n${escapeMarkdown(note)}`),
  ].join("\n");
}

/** Text that Markdown prints as it stands, on one line. */
export function escapeMarkdown(text: string): string {
  return cleanLine(plain(text)).replace(/[\\`*_[\]<>|~#&]/g, (c) =>
    c === "<" ? "&lt;" : c === ">" ? "&gt;" : c === "&" ? "&amp;" : `\\${c}`,
  );
}
