import { tailOf } from "../../../bench/stats/tails/tail.ts";
import { type Queue, queueAt, visitsTo } from "../../../bench/stats/tails/testing/queues.ts";
import { exponential, fixed, lognormal, twoModes } from "../../../bench/stats/tails/testing/services.ts";
import { type Truth, dm1, md1, mm1, mmk, simulated } from "../../../bench/stats/tails/testing/theory.ts";
import { mean, quantile } from "../../../bench/stats/math/quantile.ts";
import type { Figure, Scenario } from "../scenario.ts";
import { type Count, type Promised, holds, yes } from "../score.ts";

/** The percentiles that are tested, and what is promised of their intervals if they are reported. */
const QUANTILES = [0.5, 0.95, 0.99];
const HELD: Promised = [0.93, 0.97];
/** What is measured, over the truth. */
const NEAR: Promised = [0.98, 1.02];
/** How many calls are simulated to find the truth of a queue that has no formula. */
const EXACT_CALLS = 1e7;

const nameOf = (q: number) => (q === 0.5 ? "median" : `p${100 * q}`);

/** Visits to a queue in its long run: are percentiles right, and do the reported intervals hold the truth? */
function queueing(
  name: string,
  queue: Queue,
  truthOf: (queue: Queue) => Truth,
  { visits, calls, share = 2 }: { readonly visits: number; readonly calls: number; readonly share?: number },
): Scenario {
  const figure = (name: string, promised: Promised | null): Figure => ({ table: 1, name, promised });
  return {
    name: `${name}, ${visits} x ${calls} calls`,
    share,
    figures: [
      figure("mean, measured over true", NEAR),
      ...QUANTILES.flatMap((q) => [
        figure(`${nameOf(q)}, measured over true`, NEAR),
        figure(`${nameOf(q)} is reported`, null),
        figure(`interval of the ${nameOf(q)}, if reported`, HELD),
      ]),
    ],
    prepare() {
      const truth = truthOf(queue);
      return (stream) => {
        const made = visitsTo(queue, visits, calls, stream);
        const sorted = Float64Array.from(made.flatMap((v) => v.map((c) => c.latencyMs))).sort();
        const over = (ms: number, trueMs: number): Count => ({ right: ms / trueMs, of: 1 });
        return [
          over(mean(sorted), truth.meanMs),
          ...QUANTILES.flatMap((q) => {
            const tail = tailOf(made, q);
            const trueMs = truth.quantileMs(q);
            return [over(quantile(sorted, q), trueMs), yes(tail.ok), holds([[tail.ok ? tail.interval : null, trueMs]])];
          }),
        ];
      };
    },
  };
}

/** A run that is too short for a percentile, and one that is some times as long as the refusal said. */
function refused(name: string, queue: Queue, q: number, calls: number, times: number): Scenario {
  return {
    name: `${name}, ${calls} calls are too few for a ${nameOf(q)}`,
    share: 1,
    figures: [
      { table: 1, name: "refused", promised: [0.95, 1] },
      { table: 1, name: `reported in ${times} times the time that the refusal said`, promised: [0.7, 1] },
    ],
    prepare: () => (stream) => {
      const tail = tailOf(visitsTo(queue, 1, calls, stream), q);
      if (tail.ok || tail.needsSeconds === null) return [yes(!tail.ok), { right: 0, of: 0 }];
      const enough = Math.ceil(times * tail.needsSeconds * queue.ratePerSecond);
      return [yes(true), yes(tailOf(visitsTo(queue, 1, enough, stream), q).ok)];
    },
  };
}

const exact = (queue: Queue) => simulated(queue, EXACT_CALLS);
const SERVICE_MS = 10;
const M = exponential(SERVICE_MS);

export const queues: readonly Scenario[] = [
  queueing("M/M/1 at .5", queueAt(0.5, M), mm1, { visits: 1, calls: 20_000, share: 5 }),
  queueing("M/M/1 at .7", queueAt(0.7, M), mm1, { visits: 5, calls: 10_000, share: 3 }),
  queueing("M/M/1 at .7", queueAt(0.7, M), mm1, { visits: 20, calls: 500, share: 5 }),
  queueing("M/M/1 at .9", queueAt(0.9, M), mm1, { visits: 1, calls: 400_000, share: 0.5 }),
  queueing("M/M/1 at .9", queueAt(0.9, M), mm1, { visits: 20, calls: 6000, share: 1.5 }),
  queueing("M/D/1 at .5", queueAt(0.5, fixed(SERVICE_MS)), md1, { visits: 1, calls: 10_000, share: 5 }),
  queueing("M/D/1 at .9", queueAt(0.9, fixed(SERVICE_MS)), md1, { visits: 1, calls: 200_000, share: 1 }),
  queueing("D/M/1 at .9", queueAt(0.9, M, { arrivals: "constant" }), dm1, { visits: 1, calls: 200_000, share: 1 }),
  queueing("M/M/4 at .9", queueAt(0.9, M, { servers: 4 }), mmk, { visits: 1, calls: 100_000, share: 1.5 }),
  queueing("M/G/4 at .8, lognormal", queueAt(0.8, lognormal(SERVICE_MS, 1.5), { servers: 4 }), exact, {
    ...{ visits: 5, calls: 30_000, share: 1 },
  }),
  queueing("M/G/1 at .8, two modes", queueAt(0.8, twoModes(5, 55, 0.1)), exact, {
    visits: 1,
    calls: 100_000,
    share: 1.5,
  }),
  queueing("M/M/1 at .5, visits differ by 10 %", queueAt(0.5, M, { visitSd: 0.1 }), exact, {
    ...{ visits: 20, calls: 1000, share: 5 },
  }),
  refused("M/M/1 at .7", queueAt(0.7, M), 0.99, 2000, 2),
  refused("M/M/1 at .9", queueAt(0.9, M), 0.95, 2000, 6),
  refused("M/D/1 at .5", queueAt(0.5, fixed(SERVICE_MS)), 0.99, 500, 2),
];
