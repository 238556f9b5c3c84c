import fc from "fast-check";
import { expect, test } from "vitest";
import { backlogCalls, fellBehind } from "./backlog.ts";

/** Latencies from the intended start of calls that one server takes one after the other. */
function queued(serviceMs: readonly number[], ratePerSecond: number): number[] {
  let freeAt = 0;
  return serviceMs.map((ms, i) => {
    const due = (i * 1000) / ratePerSecond;
    freeAt = Math.max(freeAt, due) + ms;
    return freeAt - due;
  });
}

test("a server that needs longer than from one call to the next falls behind with every call", () => {
  const calls = queued(Array<number>(30).fill(60), 20);
  // 10 ms a call, over the 20 calls between the middles of the first and the last third, in distances of 50 ms.
  expect(backlogCalls(calls, 20)).toBeCloseTo(4, 6);
  expect(fellBehind([4, 4.5, 0.2])).toBe(true);
});

test("one that keeps the rate, with noise, does not; nor does one that was paused in a single visit", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 10, max: 45, noNaN: true }), { minLength: 6, maxLength: 60 }), (service) => {
      expect(Math.abs(backlogCalls(queued(service, 20), 20) ?? NaN)).toBeLessThan(1);
    }),
  );
  expect(fellBehind([0.1, 5, -0.2])).toBe(false);
});

test("too few calls, and a closed loop's cell without any, tell nothing", () => {
  expect(backlogCalls([1, 2, 3, 40, 50], 20)).toBeNull();
  expect(fellBehind([])).toBe(false);
});
