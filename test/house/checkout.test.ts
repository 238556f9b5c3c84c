import { describe, expect, it } from "vitest";
import { movedText, withEntry } from "./checkout.ts";

describe("a file of the tests at another place", () => {
  it("imports what it imported, and its siblings that come with it", () => {
    const text =
      'import { a } from "../../../clients/client.ts";\nimport { b } from "./b.ts";\nimport { z } from "zod";\n';
    expect(movedText(text, "test/house/plain/api.ts", "clients/plain/api.ts")).toBe(
      'import { a } from "../client.ts";\nimport { b } from "./b.ts";\nimport { z } from "zod";\n',
    );
    expect(movedText('from "../../bench/loads/load.ts"', "test/house/pairs.ts", "bench/loads/pairs.ts")).toBe(
      'from "./load.ts"',
    );
  });
});

describe("a line of registration", () => {
  it("stands at the end of its list, whatever its type says", () => {
    expect(withEntry("export const A: readonly [K, ...K[]] = [one];\nmore([]);", "A", "two")).toBe(
      "export const A: readonly [K, ...K[]] = [one, two];\nmore([]);",
    );
    expect(withEntry("const A = [\n  { a: [1] },\n];\n", "A", "two")).toBe("const A = [\n  { a: [1] }, two];\n");
    expect(() => withEntry("const B = [];", "A", "two")).toThrow("there is no list A");
  });
});
