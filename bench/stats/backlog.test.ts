import fc from "fast-check";
import { expect, test } from "vitest";
import { backlogCalls, fellBehind } from "./backlog.ts";
import { random } from "./math/random.ts";

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

test("where calls come at random, a queue that grows and shrinks by itself is no backlog, and one that grows all the time is", () => {
  const stream = random(5);
  const gap = () => -Math.log1p(-stream.uniform());
  /** Visits of so many calls to a server with random services, found with a queue already; how often it is said to fall behind. */
  const saidBehind = (use: number, n: number) => {
    let behind = 0;
    for (let run = 0; run < 100; run++) {
      const backlogs = Array.from({ length: 4 }, () => {
        let [due, freeAt] = [0, 0];
        const latencies = Array.from({ length: 4 * n }, () => {
          due += gap();
          freeAt = Math.max(freeAt, due) + use * gap();
          return freeAt - due;
        });
        // One call a unit of time; the lead-in is three times as long as what is measured.
        return backlogCalls(latencies.slice(3 * n), 1000) as number;
      });
      behind += fellBehind(backlogs, n) ? 1 : 0;
    }
    return behind / 100;
  };
  expect([0.5, 0.8].map((use) => saidBehind(use, 100))).toEqual([0, 0]);
  expect(saidBehind(0.9, 100)).toBeLessThan(0.1);
  expect(saidBehind(1.5, 100)).toBeGreaterThan(0.9);
  expect(saidBehind(1.2, 400)).toBeGreaterThan(0.9);
});
