import { cleanLine } from "../../../lib/clean.ts";
import type { Line, Span, SpanTone } from "../../../lib/output.ts";

/** Columns of the narrowest terminal that people still use. */
export const COLUMNS = 80;

/** A part of a sentence, cleaned of what would break its line or what a terminal would obey. */
export const span = (text: string, tone?: SpanTone): Span => padded(cleanLine(text), tone);

/** A part of a table: its spaces stay. What comes from outside is to be cleaned before (`cleanLine`). */
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
 * As much of a text as fits into so many columns: whole clauses where they fill half of the room, else whole words and dots. It
 * never ends inside of brackets.
 */
export function fitted(text: string, columns: number): string {
  const characters = [...text];
  if (characters.length <= columns) return text;
  if (columns < 3) return "";
  // A clause ends at a semicolon or a comma with a space behind it.
  const clause = /^(.*\S)[;,](?=\s)/.exec(characters.slice(0, columns + 2).join(""))?.[1];
  if (clause !== undefined && clause.length >= columns / 2 && balanced(clause)) return clause;
  const room = characters.slice(0, columns - 1).join("");
  const words = /\s/.test(room.trim()) ? room.replace(/\s+\S*$/, "") : characters.slice(0, columns - 2).join("");
  return `${balanced(words) ? words : words.replace(/\s*\([^(]*$/, "")} …`;
}

/** Whether every bracket is closed. */
const balanced = (text: string) => text.split("(").length === text.split(")").length;
