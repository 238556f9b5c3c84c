import { expect, it } from "vitest";
import { transfer } from "../../bench/stats/floor/transfer.ts";
import { random } from "../../bench/stats/math/random.ts";
import { namedRight } from "./planted.ts";
import { simulate } from "./simulate.ts";

it("the simulation of a call without losses takes what the floor says", () => {
  for (const rttMs of [1, 20, 150])
    for (const mbit of [10, 100, 1000])
      for (const congestionBytes of [14_480, Infinity])
        for (const window of [undefined, { bytes: 65_535, then: "same" }, { bytes: 65_535, then: "rest" }] as const) {
          const sender = { congestionBytes, ...(window && { window }) };
          const { ms } = simulate(921_676, { rttMs, mbit }, sender, 0, random(1));
          const floor = transfer(921_676, { rttMs, mbit }, sender).ms;
          expect(ms / floor, JSON.stringify({ rttMs, mbit, ...sender })).toBeGreaterThan(0.93);
          expect(ms / floor, JSON.stringify({ rttMs, mbit, ...sender })).toBeLessThan(1.1);
        }
});

it("of calls with one limit planted, the limit is named right in 95 of 100 or more", () => {
  for (const { limit, cases, right } of namedRight(20, 1)) {
    expect(cases).toBe(20);
    expect(right, limit).toBeGreaterThanOrEqual(18);
  }
  const all = namedRight(20, 2);
  expect(all.reduce((sum, n) => sum + n.right, 0) / 120).toBeGreaterThanOrEqual(0.95);
});
