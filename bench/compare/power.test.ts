import { expect, it } from "vitest";
import { random } from "../stats/math/random.ts";
import { manifestOf, studyOf } from "../testing/studies.ts";
import { powerOf, powerText } from "./power.ts";

const manifest = manifestOf({
  placements: [
    ["client", "client"],
    ["client", "edge"],
  ],
  images: ["a", "b", "c", "d"].map((name) => ({ name, fileBytes: 1 })),
});
const run = (noise: number, rounds = 5) => {
  const stream = random(3);
  return studyOf(manifest, rounds, () => [{ totalMs: 20 * Math.exp(noise * stream.normal()) }]);
};
const roundsFor = (noise: number, what: string, change: number) =>
  powerOf(run(noise))
    .find((r) => r.what === what)
    ?.rounds.find((r) => r.change === change)?.rounds ?? Infinity;

it("a change takes more rounds the smaller it is, the noisier the visits, and the less it is of", () => {
  expect(roundsFor(0.1, "one cell of ssd-mobilenet", 1.5)).toBeLessThan(
    roundsFor(0.1, "one cell of ssd-mobilenet", 1.2),
  );
  expect(roundsFor(0.02, "one cell of ssd-mobilenet", 1.2)).toBeLessThan(
    roundsFor(0.1, "one cell of ssd-mobilenet", 1.2),
  );
  expect(roundsFor(0.05, "the whole", 1.1)).toBeLessThan(roundsFor(0.05, "one cell of ssd-mobilenet", 1.1));
});

it("the table of rounds says so where more are needed than it tries, and is not there without noise", () => {
  expect(powerText(powerOf(run(0.5)))).toMatch(/one cell of ssd-mobilenet +> 100/);
  expect(powerOf(run(0.1, 1))).toEqual([]);
});
