import { describe, expect, it } from "vitest";
import { effectsSection } from "./effects.ts";
import { reportInputs } from "../index.ts";
import { renderText } from "../render/text.ts";
import { manifestOf, studyOf } from "../../testing/studies.ts";
import { questions } from "../../stats/choices.ts";
import { random } from "../../stats/math/random.ts";
import { effectsOf } from "../../stats/run-effects.ts";

const manifest = manifestOf({
  placements: ["client", "cloud", "edge"].map((server) => ["client", server] as const),
  models: ["ssd-mobilenet"],
  images: ["image-1", "image-2"].map((name) => ({ name, fileBytes: 1 })),
});

/** A run in which each machine's level goes together from round to round by `next`, and nothing else differs but protocols. */
function run(rounds: number, next: number, seed = 1, faster = 1) {
  const stream = random(seed);
  const levels = new Map(
    ["client", "cloud", "edge"].map((machine) => {
      let x = stream.normal();
      return [
        machine,
        Array.from({ length: rounds }, () => (x = next * x + Math.sqrt(1 - next ** 2) * stream.normal())),
      ];
    }),
  );
  return studyOf(manifest, rounds, (c, round) => {
    const machine = 0.05 * (levels.get(c.serverMachine)?.[round] ?? 0);
    const ms = 20 * (c.client === "rest" ? 2 : 1) * (c.serverMachine === "edge" ? faster : 1);
    return [{ totalMs: ms * Math.exp(machine + 0.01 * stream.normal()) }];
  });
}

const rowsOf = (study: ReturnType<typeof run>, factor: string) =>
  effectsOf(study)?.rows.filter((r) => r.factor === factor) ?? [];

describe("what so few rounds cannot tell of machines whose noise may last", () => {
  it("is said of comparisons of machines, and of none on the same machines", () => {
    const study = run(4, 0);
    expect(new Set(rowsOf(study, "placement").map((r) => r.doubt))).toEqual(new Set(["short"]));
    expect(rowsOf(study, "placement").every((r) => r.interval !== null)).toBe(true);
    expect(new Set(rowsOf(study, "client").map((r) => r.doubt))).toEqual(new Set([undefined]));
  });

  it("leaves them without an interval where the noise is seen to last", () => {
    const rows = rowsOf(run(20, 0.9), "placement");
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row).toMatchObject({ doubt: "lasting", interval: null });
  });

  it("is no question any more once rounds are many", () => {
    for (const next of [0, 0.9])
      for (const row of rowsOf(run(30, next), "placement")) {
        expect(row).not.toHaveProperty("doubt");
        expect(row.interval).not.toBeNull();
      }
  });

  it("is said in the row of the table that it is about", async () => {
    const blocks = await effectsSection.blocks(reportInputs(manifest, { study: run(4, 0) }));
    const text = renderText([{ id: "e", title: "E", short: "", blocks }]);
    const lines = text.split("\n").filter((line) => /→.*over|rest over|REST over/i.test(line));
    expect(lines.find((line) => line.includes("→"))).toContain(
      "too few rounds to tell whether the machines' noise lasts",
    );
    expect(text).toMatch(/in doubt/);
  });

  it("calls no machine the fastest that only seems so, and one that surely is", () => {
    const machine = (study: ReturnType<typeof run>) =>
      questions(study).find((q) => q.differ[0] === "placement" && q.differ.length === 1 && !q.local)?.outcome;
    const called = Array.from({ length: 60 }, (_, seed) => machine(run(3, 0.7, seed)));
    expect(called.filter((outcome) => outcome === "clear").length).toBeLessThanOrEqual(6);
    expect(machine(run(3, 0.7, 1, 0.1))).toBe("clear");
  });
});
