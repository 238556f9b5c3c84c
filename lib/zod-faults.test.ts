import { describe, expect, it } from "vitest";
import { z } from "zod";
import { UserError } from "./errors.ts";
import { zodFaults } from "./zod-faults.ts";

const faultsOf = (schema: z.ZodType, value: unknown, rest = {}) => {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : zodFaults(parsed.error, "file.yaml", rest);
};

describe("what a schema finds wrong", () => {
  it("is said with its path first, and at the end what to do", () => {
    const schema = z.object({ models: z.array(z.object({ name: z.string("a name") })), port: z.number("a port") });
    const faults = faultsOf(schema, { models: [{ name: 1 }] }, { expected: "a list", fix: "mend it" });
    expect(new UserError(faults).message).toBe(
      "file.yaml: models[0].name: a name\nfile.yaml: port: a port\n  expected: a list\n  fix: mend it",
    );
  });

  it("is called (top) where it is the whole", () => {
    expect(faultsOf(z.string("a word"), 1)).toEqual([{ what: "file.yaml: (top): a word" }]);
  });

  it("is what is wrong with the branch of a union that is nearest to what was written", () => {
    const branches = [
      z.strictObject({ a: z.string(), b: z.string() }),
      z.strictObject({ c: z.number("a number") }),
    ] as const;
    expect(faultsOf(z.object({ x: z.union(branches) }), { x: { c: "1" } })).toEqual([
      { what: "file.yaml: x.c: a number" },
    ]);
    const worded = z.union(branches, { error: "either a and b, or c" });
    expect(faultsOf(worded, { c: "1" })).toEqual([{ what: "file.yaml: (top): either a and b, or c" }]);
  });

  it("ends after ten faults with how many there are more", () => {
    const faults = faultsOf(z.array(z.number()), Array(25).fill("x"), { fix: "mend it" });
    expect(faults).toHaveLength(11);
    expect(faults.at(-1)).toEqual({ what: "file.yaml: and 15 more", fix: "mend it" });
  });
});
