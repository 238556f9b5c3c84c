/*
 * Text that others wrote (a server's error, a log line, a label, a file's name) may hold characters that a terminal obeys or
 * that no reader sees: escape sequences, a lone carriage return that hides what stands before it, marks that change the
 * direction of the text, letters without width. Everything that Lathe writes passes through `clean` or `jsonText`.
 */

/** Control characters, marks of format and direction, characters that Unicode calls ignorable, line separators, lone surrogates. */
const UNSEEN = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufffe\uffff]--[\n\t]]/gv;

/** The text with `\ufffd` in place of each character that cannot be seen. Line ends become `\n`; tabs stay. */
export function clean(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(UNSEEN, "\ufffd");
}

/** The same on one line. */
export function cleanLine(text: string): string {
  return clean(text.replace(/\s+/g, " "));
}

/** A value as JSON. A reader gets the same value: characters that cannot be seen are written as `\u` and their number. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNSEEN, escaped);
}

/**
 * A document for programs, as JSON. JSON has no infinite numbers, so the words `infinite` and `-infinite` stand for them. Null
 * means that a figure is not known.
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
