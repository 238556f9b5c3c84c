import { clean } from "../../../lib/clean.ts";

const MARKUP = Symbol("markup");

/** A piece of HTML (or SVG) that is safe to print as it stands: made by `html` or `trusted` only. */
export interface Markup {
  readonly [MARKUP]: true;
  readonly text: string;
}

type Value = string | number | Markup | readonly Value[] | null | undefined | false;

/**
 * HTML from a template. Every value is escaped, in text and in quoted attributes alike, unless it is markup itself; lists
 * are joined, null, undefined and false leave nothing. So what comes from outside (names of models, messages of servers) can
 * be put in anywhere but into a tag's name, an attribute without quotes, or a style.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return trusted(parts.reduce((text, part, i) => text + printed(values[i - 1]) + part));
}

/** Text that is HTML already and was escaped where it was made: a rendered chart. */
export function trusted(text: string): Markup {
  return { [MARKUP]: true, text };
}

/** Several pieces as one. */
export function joined(pieces: readonly Markup[], between = ""): Markup {
  return trusted(pieces.map((p) => p.text).join(between));
}

/** Text with all that means something to HTML taken away, and what a reader would not see. */
export function escapeHtml(text: string): string {
  return clean(text).replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`);
}

function printed(value: Value): string {
  if (value === null || value === undefined || value === false) return "";
  if (typeof value === "string") return escapeHtml(value);
  if (typeof value === "number") return String(value);
  if (isMarkup(value)) return value.text;
  return value.map(printed).join("");
}

function isMarkup(value: Markup | readonly Value[]): value is Markup {
  return MARKUP in value;
}
