import { expect, it } from "vitest";
import { JsonNumber, toJson } from "./json.ts";

it("a number without end is a word in JSON, and comes back as it was; one that is not known is null", () => {
  const numbers = [1.5, Infinity, -Infinity, NaN, 0, -2e-300];
  const text = toJson({ df: numbers, words: ["infinite end", null] });
  expect(JSON.parse(text)).toEqual({
    df: [1.5, "infinite", "-infinite", null, 0, -2e-300],
    words: ["infinite end", null],
  });
  expect(JsonNumber.array().parse((JSON.parse(text) as { df: unknown }).df)).toEqual(numbers);
  expect(JsonNumber.safeParse("endless").success).toBe(false);
});
