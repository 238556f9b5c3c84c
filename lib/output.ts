import { styleText } from "node:util";
import { clean } from "./clean.ts";

/*
 * The only writers to a terminal: whatever else they are given, they write text that it shows and does not obey. A test (test/walls.test.ts)
 * finds writers beside them.
 */

/** Data, on stdout: a line, or several. */
export function print(text: string): void {
  process.stdout.write(`${clean(text)}\n`);
}

/** A line for people, on stderr. */
export function say(text: string): void {
  process.stderr.write(`${clean(text)}\n`);
}

/** Lines in colour where the stream is a terminal that has colours. */
export function printPainted(lines: readonly Line[], stream: NodeJS.WriteStream): void {
  stream.write(painted(lines, stream));
}

/** How a part of a line is meant; a terminal shows it by colour, beside the words that say it. */
export type SpanTone = "strong" | "good" | "unsure" | "bad" | "faint";

/** A part of a line. */
export interface Span {
  readonly text: string;
  readonly tone?: SpanTone;
}

/** One line of a terminal. */
export type Line = readonly Span[];

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
  return textOf(lines, ({ text, tone }) => (tone === undefined ? text : styleText(STYLES[tone], text, { stream })));
}

/** Lines as they stand. */
export function plainText(lines: readonly Line[]): string {
  return textOf(lines, ({ text }) => text);
}

/** No line ends with spaces: what is copied from a terminal has none either. */
function textOf(lines: readonly Line[], shown: (span: Span) => string): string {
  const trimmed = (line: Line) => line.map((s, i) => (i === line.length - 1 ? { ...s, text: s.text.trimEnd() } : s));
  return lines
    .map(
      (line) =>
        `${trimmed(line)
          .map((s) => shown({ ...s, text: clean(s.text) }))
          .join("")}\n`,
    )
    .join("");
}
