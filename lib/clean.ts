/*
 * Text that others wrote (a server's error, a log line, a label, a file's name) may hold what a terminal obeys and what no
 * reader sees: escape sequences, a lone carriage return that hides what stands before it, marks that turn the direction of
 * the writing, letters of no width. Every writer of Lathe passes its text through `clean`, or `jsonText`.
 */

/** Controls, marks of format and direction, what a reader of text ignores by default, line separators, halves of characters. */
const UNSEEN = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufffe\uffff]--[\n\t]]/gv;

/** The text with `\ufffd` in place of each character that cannot be seen. Line ends become `\n`; tabs stay. */
export function clean(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(UNSEEN, "\ufffd");
}

/** The same on one line. */
export function cleanLine(text: string): string {
  return clean(text.replace(/\s+/g, " "));
}

/** A value as JSON. The value is as it was: what cannot be seen stands as `\u` and its number. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNSEEN, escaped);
}

/**
 * A document for programs as JSON. A number without end, which JSON does not have, is the word `infinite` or `-infinite`: null means
 * that a figure is not known.
 */
export function documentText(value: unknown): string {
  const words = (_: string, own: unknown) => (own === Infinity ? "infinite" : own === -Infinity ? "-infinite" : own);
  return JSON.stringify(value, words, 2).replace(UNSEEN, escaped);
}

/** A character as JSON's escapes; one beyond 16 bits as its two halves. */
function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, i) => {
    return `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }).join("");
}
