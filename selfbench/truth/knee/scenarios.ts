import type { SearchOptions } from "../../../bench/capacity/search.ts";
import { random } from "../../../bench/stats/math/random.ts";
import { capacityOf } from "../capacity/knee.ts";
import { SHARE, objective } from "../capacity/scenarios.ts";
import { SERVERS, type SimulatedServer } from "../capacity/servers.ts";
import { sweepAsPrecise } from "../capacity/trial.ts";
import type { Figure, Scenario } from "../scenario.ts";
import { type Promised, holds, yes } from "../score.ts";
import { openBed } from "./bed.ts";

/** The servers of the simulations, so much quicker: a search ends sooner, and a call still takes a hundred times as long as the client is late. */
const QUICKER = 8;
const SLO = "p95 < 25 ms";

const quicker = (server: SimulatedServer): SimulatedServer => ({
  ...server,
  service: (stream) => server.service(stream) / QUICKER,
  ...(server.exponentialMs !== undefined && { exponentialMs: server.exponentialMs / QUICKER }),
});

const plain = (name: string): Figure => ({ table: 1, name, promised: null });
const pooled = (name: string, promised: Promised): Figure => ({ ...plain(name), promised, within: name });

/**
 * A search and a sweep of one real server, in turn. The sweep's steps are as long as simulations say they must be for the search's precision.
 *
 * @param secondsEach how long both take together
 */
function searched(simulated: SimulatedServer, secondsEach: number): Scenario {
  const server = quicker(simulated);
  const options: SearchOptions = { slo: objective(SLO), precision: 0.05, busyConnections: 8 };
  return {
    name: `${SLO}, ${server.name}, over TCP`,
    share: 1,
    secondsEach,
    figures: [
      pooled("interval holds the capacity", [0.92, 1]),
      pooled("within 5 % of the capacity", [0.92, 1]),
      pooled("at most 40 % of the sweep's time", [0.9, 1]),
      plain("found, over the capacity"),
      plain("found by the sweep, over the capacity"),
      plain("precision of the search"),
      plain("precision of the sweep"),
      plain("the search's time over the sweep's"),
      { ...plain("time of the search"), seconds: true },
      { ...plain("time of the sweep"), seconds: true },
      plain("steps that do not count, for the client's sake"),
    ],
    prepare() {
      const truth = capacityOf(server, options.slo);
      const { stepSeconds } = sweepAsPrecise(server, options);
      return async (stream) => {
        const bed = await openBed(server, random(stream.bits()), options);
        try {
          const search = await bed.search();
          const sweep = await bed.sweep(stepSeconds);
          const { interval, perSecond } = search.capacity;
          const one = (right: number) => ({ right, of: 1 });
          return [
            holds([[interval, truth]]),
            yes(Math.abs((perSecond ?? Infinity) / truth - 1) <= options.precision),
            yes(search.seconds <= SHARE * sweep.seconds),
            ...[perSecond, sweep.capacity.perSecond].map((found) => ({
              right: (found ?? 0) / truth,
              of: found === null ? 0 : 1,
            })),
            one(search.capacity.precision ?? NaN),
            one(sweep.capacity.precision ?? NaN),
            one(search.seconds / sweep.seconds),
            one(search.seconds),
            one(sweep.seconds),
            one((search.uncounted + sweep.uncounted) / (search.steps + sweep.steps)),
          ];
        } finally {
          await bed.close();
        }
      };
    },
  };
}

const byName = (name: string) => SERVERS.find((s) => s.name.startsWith(name)) as SimulatedServer;

export const knees: readonly Scenario[] = [
  searched(byName("M/D/1"), 200),
  searched(byName("M/G/2"), 250),
  searched(byName("M/M/1"), 480),
];
