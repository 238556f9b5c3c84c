import { oneLine } from "../render/text.ts";

/** How a part of a line is meant; a terminal shows it by colour, beside the words that say it. */
export type SpanTone = "strong" | "good" | "unsure" | "bad" | "faint";

/** A part of a line. */
export interface Span {
  readonly text: string;
  readonly tone?: SpanTone;
}

/** One line of a terminal. */
export type Line = readonly Span[];

/** Columns of the narrowest terminal that people still use. */
export const COLUMNS = 80;

/** A part of a sentence, cleaned of what would break its line or what a terminal would obey. */
export const span = (text: string, tone?: SpanTone): Span => padded(oneLine(text), tone);

/** A part of a table: its spaces stay. What comes from outside is to be cleaned before (`oneLine`). */
export const padded = (text: string, tone?: SpanTone): Span => ({ text, ...(tone && { tone }) });

/** A line of some parts, cut where it is longer than a terminal is wide. */
export function line(...spans: readonly Span[]): Line {
  let left = COLUMNS;
  return spans.flatMap((part) => {
    const text = fitted(part.text, left);
    left -= [...text].length;
    return text === "" ? [] : [{ ...part, text }];
  });
}

/**
 * As much of a text as fits into so many columns: whole clauses where the first one fits, else whole words and three dots.
 */
export function fitted(text: string, columns: number): string {
  if ([...text].length <= columns) return text;
  const room = [...text].slice(0, columns + 1).join("");
  // A clause ends at a semicolon, or at a comma that no number has inside of it.
  const clause = /^(.*?\S.*)[;,](?=\s)/.exec(room)?.[1];
  if (clause !== undefined && clause.length >= columns / 2 && balanced(clause)) return clause;
  const words = [...text].slice(0, Math.max(0, columns - 2)).join("").replace(/\s+\S*$/, "");
  return columns < 3 ? "" : `${words} …`;
}

/** Whether every bracket is closed. */
const balanced = (text: string) => text.split("(").length === text.split(")").length;
