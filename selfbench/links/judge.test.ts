import { expect, it } from "vitest";
import { lost } from "../../lab/network/loss.ts";
import { mbitOf, rttErrors, survivors } from "./judge.ts";

const echo = (number: number, rttMs: number, atSeconds = 0) => ({ number, rttMs, atSeconds });

it("a round trip's error counts either way, from what it should take", () => {
  expect(rttErrors([echo(0, 20.1), echo(1, 19.8), echo(2, 20)], 20).maxMs).toBeCloseTo(0.2, 6);
});

it("a train's bandwidth is that of its second half, lost packets included", () => {
  const at = (i: number) => 1_732_770_000 + i * 0.001;
  const train = Array.from({ length: 20 }, (_, i) => echo(i, 1, i < 8 ? at(8) : at(i)));
  expect(mbitOf(train, 1500)).toBeCloseTo(12, 2);
  expect(
    mbitOf(
      train.filter(({ number }) => number !== 13),
      1500,
    ),
  ).toBeCloseTo(12, 2);
  expect(mbitOf([], 1500)).toBeNaN();
});

it("what comes back was lost neither on its way nor on its way back", () => {
  const back = survivors(7, 0.1, 1000);
  expect(back).toHaveLength(
    1000 - lost(7, 0, 0.1, 1000).length - lost(7, 1, 0.1, 1000 - lost(7, 0, 0.1, 1000).length).length,
  );
  expect(back.filter((n) => lost(7, 0, 0.1, 1000).includes(n))).toEqual([]);
  expect(survivors(7, 0, 5)).toEqual([0, 1, 2, 3, 4]);
});
