import { styleText } from "node:util";
import { clean } from "./clean.ts";

/*
 * The only functions that write to a terminal. They clean the text, so that the terminal obeys nothing in it. A test
 * (test/walls.test.ts) finds code that writes without them.
 */

/** Data, on stdout: a line, or several. */
export function print(text: string): void {
  process.stdout.write(`${clean(text)}\n`);
}

/** A line for people, on stderr. */
export function say(text: string): void {
  process.stderr.write(`${clean(text)}\n`);
}

/** Writes lines, in colour if the stream is a terminal that has colours. */
export function printPainted(lines: readonly Line[], stream: NodeJS.WriteStream): void {
  stream.write(painted(lines, stream));
}

/** What a part of a line means. A terminal shows it by colour; the words say it as well. */
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
 * Lines as text for a stream: in colour if it is a terminal that has colours, otherwise without. Follows NO_COLOR,
 * FORCE_COLOR and TERM=dumb as Node does.
 */
export function painted(lines: readonly Line[], stream: NodeJS.WriteStream): string {
  return textOf(lines, ({ text, tone }) => (tone === undefined ? text : styleText(STYLES[tone], text, { stream })));
}

/** Lines as text without colour. */
export function plainText(lines: readonly Line[]): string {
  return textOf(lines, ({ text }) => text);
}

/** Lines without spaces at their ends, so that text copied from a terminal has none. */
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
