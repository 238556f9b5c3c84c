import { styleText } from "node:util";
import type { Line, SpanTone } from "./line.ts";

const STYLES: Readonly<Record<SpanTone, Parameters<typeof styleText>[0]>> = {
  strong: "bold",
  good: "green",
  unsure: "yellow",
  bad: "red",
  faint: "dim",
};

/**
 * Lines as text for a stream: in colour where it is a terminal that has colours, and as they stand elsewhere. NO_COLOR,
 * FORCE_COLOR and TERM=dumb are followed (Node's rules).
 */
export function painted(lines: readonly Line[], stream: NodeJS.WriteStream): string {
  const spans = lines.map((line) =>
    line.map(({ text, tone }) => (tone === undefined ? text : styleText(STYLES[tone], text, { stream }))).join(""),
  );
  return spans.map((text) => `${text.trimEnd()}\n`).join("");
}

/** Lines as they stand. */
export function plainText(lines: readonly Line[]): string {
  return lines.map((line) => `${line.map((s) => s.text).join("").trimEnd()}\n`).join("");
}
