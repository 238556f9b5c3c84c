import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "./errors.ts";
import { divertProgress, formatSeconds, progress } from "./progress.ts";
import { quoteAll } from "./quote.ts";
import { formatTable } from "./table.ts";

describe("quoting for a shell", () => {
  it("gives a real shell every word as it was", () => {
    const words = fc.array(
      fc.string({ unit: "grapheme" }).filter((s) => !s.includes("\0")),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(words, (list) => {
        const printed = execFileSync("sh", ["-c", `printf '%s\\0' ${quoteAll(list)}`], { encoding: "utf8" });
        expect(printed).toBe(list.map((w) => `${w}\0`).join(""));
      }),
      { numRuns: 50 },
    );
  });
});

describe("a table", () => {
  it("lines its columns up, numbers at the right, without trailing spaces", () => {
    const text = formatTable(
      [{ title: "machine" }, { title: "R-FCN\nms", align: "right" }],
      [
        ["edge", "1631"],
        ["cloud-2", "9.1"],
      ],
    );
    expect(text.split("\n")).toEqual([
      "         R-FCN",
      "machine     ms",
      "───────  ─────",
      "edge      1631",
      "cloud-2    9.1",
    ]);
  });
});

describe("a time for people", () => {
  it("has the unit that reads best", () => {
    expect([0.42, 9.96, 59.4, 75, 3605].map(formatSeconds)).toEqual([
      "0.4 s",
      "10.0 s",
      "59 s",
      "1 min 15 s",
      "60 min 05 s",
    ]);
  });
});

describe("an error for people", () => {
  it("shows every fault with what was expected and what to do", () => {
    const error = new UserError([{ what: "a: 1", expected: "2", fix: "do it" }, { what: "b" }]);
    expect(error.message).toBe("a: 1\n  expected: 2\n  fix: do it\nb");
  });
});

describe("progress while somebody else draws on stderr", () => {
  it("is lines at a step's beginning and end, and notes that are to be kept", () => {
    const lines: string[] = [];
    divertProgress((line) => lines.push(line.replace(/\(\d.*\)/, "(time)")));
    const steps = progress();
    divertProgress(undefined);
    steps.step("fetching");
    steps.note("1 MB");
    steps.note("waiting for another process", true);
    steps.step("converting", 30);
    steps.done("1.8 MB");
    steps.done();
    expect(lines).toEqual([
      "fetching …",
      "fetching: waiting for another process",
      "fetching (time)",
      "converting (about 30 s) …",
      "converting: 1.8 MB (time)",
    ]);
  });
});
