import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clean, cleanLine, documentText, jsonText } from "./clean.ts";

const HARMFUL = [
  ...["\u001b[2J", "\u001b]0;title\u0007", "\u009b2J", "a\rb", "\u0000", "\u007f", "\u0008", "\u000c"],
  ...["\u202e", "\u2066", "\u200f", "\u061c", "\u200b", "\u2060", "\ufeff", "\u00ad", "\u2028", "\u2029", "\u180e"],
  ...["\u{e0041}", "\ufe0f", "\u3164", "\u115f", "\ud800", "\uffff", "\ufff9"],
];

describe("text that others wrote", () => {
  it.each(HARMFUL)("loses what a terminal obeys or no reader sees (%j)", (text) => {
    expect(clean(`before${text}after`)).toContain("\ufffd");
    expect(clean(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  });

  it("is left as it is where all of it is seen", () => {
    const text = "Größe 4 µs\n\tπ ≤ 3,2 — 日本語 العربية हिन्दी 💥 e\u0301 \u00a0";
    expect(clean(text)).toBe(text);
    expect(clean("a\r\nb")).toBe("a\nb");
    expect(cleanLine(" a\r\n\tb ")).toBe(" a b ");
  });

  it("is in JSON the same value, of seen characters alone", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...HARMFUL), fc.string({ unit: "binary" }))), (value) => {
        const text = jsonText({ value }, 2);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify({ value })));
        expect(clean(text)).toBe(text);
      }),
    );
  });
});

it("a number without end is a word in a document; one that is not known is null", () => {
  const text = documentText({ df: [1.5, Infinity, -Infinity, NaN, 0], words: ["infinite end", null, "\u001b"] });
  expect(text).not.toContain("\u001b");
  expect(JSON.parse(text)).toEqual({
    df: [1.5, "infinite", "-infinite", null, 0],
    words: ["infinite end", null, "\u001b"],
  });
});
