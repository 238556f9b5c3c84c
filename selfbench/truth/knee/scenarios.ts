import type { SearchOptions } from "../../../bench/capacity/search.ts";
import { random } from "../../../bench/stats/math/random.ts";
import { capacityOf } from "../capacity/knee.ts";
import { SHARE, objective } from "../capacity/scenarios.ts";
import { SERVERS, type SimulatedServer } from "../capacity/servers.ts";
import { sweepAsPrecise } from "../capacity/trial.ts";
import type { Figure, Scenario } from "../scenario.ts";
import { type Count, type Promised, holds } from "../score.ts";
import { type Made, openBed } from "./bed.ts";

/** The servers of the simulations, so much quicker: a search ends sooner. A call still takes a hundred times as long as the client is late at one of a hundred. */
const QUICKER = 4;
const SLO = "p95 < 50 ms";

const quicker = (server: SimulatedServer): SimulatedServer => ({
  ...server,
  service: (stream) => server.service(stream) / QUICKER,
  ...(server.exponentialMs !== undefined && { exponentialMs: server.exponentialMs / QUICKER }),
});

const plain = (name: string): Figure => ({ table: 1, name, promised: null });
const pooled = (name: string, promised: Promised): Figure => ({ ...plain(name), promised, within: name });

/**
 * A search, a sweep and another search of one real server. The sweep's steps are as long as simulations say they must be for the search's precision.
 *
 * @param secondsEach how long they take together
 */
function searched(simulated: SimulatedServer, secondsEach: number): Scenario {
  const server = quicker(simulated);
  const options: SearchOptions = { slo: objective(SLO), precision: 0.05, busyConnections: 8 };
  return {
    name: `${SLO}, ${server.name}, over TCP`,
    share: 1,
    secondsEach,
    figures: [
      plain("the client was a good generator, and the search found a capacity; of these:"),
      pooled("interval holds the capacity", [0.92, 1]),
      pooled("within 5 % of the capacity", [0.92, 1]),
      pooled("at most 40 % of the sweep's time", [0.9, 1]),
      plain("found, over the capacity"),
      plain("found by the sweep, over the capacity"),
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
          const first = await bed.search();
          const sweep = await bed.sweep(stepSeconds);
          return counted([first, await bed.search()], sweep, truth, options.precision);
        } finally {
          await bed.close();
        }
      };
    },
  };
}

/** What is counted of some searches and a sweep, in the order of the figures. Pure. */
export function counted(searches: readonly Made[], sweep: Made, truth: number, precision: number): Count[] {
  const found = searches.filter((s) => s.capacity.outcome === "found");
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const mean = (values: readonly (number | null)[]): Count => {
    const known = values.filter((value) => value !== null);
    return { right: sum(known), of: known.length };
  };
  const over = ({ capacity }: Made) => capacity.perSecond && capacity.perSecond / truth;
  const all = [...searches, sweep];
  return [
    { right: found.length, of: searches.length },
    holds(found.map((s) => [s.capacity.interval, truth])),
    mean(found.map((s) => (Math.abs((over(s) ?? 0) - 1) <= precision ? 1 : 0))),
    mean(found.map((s) => (s.seconds <= SHARE * sweep.seconds ? 1 : 0))),
    mean(found.map(over)),
    mean([over(sweep)]),
    mean([sweep.capacity.precision]),
    mean(found.map((s) => s.seconds / sweep.seconds)),
    mean(found.map((s) => s.seconds)),
    mean([sweep.seconds]),
    { right: sum(all.map((m) => m.uncounted)), of: sum(all.map((m) => m.steps)) },
  ];
}

const byName = (name: string) => SERVERS.find((s) => s.name.startsWith(name)) as SimulatedServer;

export const knees: readonly Scenario[] = [searched(byName("M/D/1"), 690), searched(byName("M/M/1"), 1140)];
