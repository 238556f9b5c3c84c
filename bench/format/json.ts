import { z } from "zod";
import { jsonText } from "../../lib/clean.ts";

/**
 * What JSON has no number for: a number without end is written as a word, since `null` means that a figure is not known. NaN, which
 * is not known either, is `null`.
 */
const WORDS = { infinite: Infinity, "-infinite": -Infinity } as const;

/** A document of Lathe's as text, for a file or for stdout. */
export function toJson(document: unknown, indent = 2): string {
  const word = (value: unknown) => Object.entries(WORDS).find(([, number]) => number === value)?.[0];
  return jsonText(document, indent, (_, value) => word(value) ?? value);
}

/** A number as `toJson` writes it, read back. */
export const JsonNumber = z.union([
  z.number(),
  z.enum(["infinite", "-infinite"]).transform((word) => WORDS[word]),
  z.null().transform(() => NaN),
]);
