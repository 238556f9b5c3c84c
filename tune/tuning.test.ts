import { expect, test } from "vitest";
import { type TuneValues, tune } from "./command.ts";
import { begin } from "./race/race.ts";
import { plainArms } from "./testing/worlds.ts";
import { changesSince } from "./tuning.ts";

const found = { image: "r/x@sha256:0", model: "ssd", cpus: "0-3", client: "probe", photograph: "image-7" };
const arms = plainArms(3);
const begun = (rounds?: number) => ({ found, race: begin(arms, { kind: "latency" }, 1, { seconds: 60 }, rounds) });

test("a tuning goes on where nothing has changed, a grid also if --grid is not given again", () => {
  for (const [rounds, grid] of [
    [undefined, undefined],
    [20, undefined],
    [20, 20],
  ])
    expect(changesSince(begun(rounds), found, arms, grid)).toEqual([]);
});

test("a tuning does not go on as another grid, on another server, or with other settings, and says all that has changed", () => {
  expect(changesSince(begun(), found, arms, 20)).toEqual(["a race then, a grid of 20 rounds now"]);
  expect(changesSince(begun(20), found, arms, 10)).toEqual(["a grid of 20 rounds then, a grid of 10 rounds now"]);
  expect(changesSince(begun(20), { ...found, cpus: "0-1" }, plainArms(4), undefined)).toEqual([
    "cpus: 0-3 then, 0-1 now",
    "the settings to be tried have changed",
  ]);
});

test("--knobs with --grid is refused before anything is read", async () => {
  const values = { stack: "edge", grid: 20, knobs: true } as TuneValues;
  await expect(tune(values)).rejects.toThrow("--knobs with --grid");
});
