import type { SearchOptions } from "../../../bench/capacity/search.ts";
import { random } from "../../../bench/stats/math/random.ts";
import { capacityOf } from "../capacity/knee.ts";
import { SHARE, objective } from "../capacity/scenarios.ts";
import { SERVERS, type SimulatedServer } from "../capacity/servers.ts";
import { sweepAsPrecise } from "../capacity/trial.ts";
import type { Figure, Scenario } from "../scenario.ts";
import { type Count, type Promised, holds, yes } from "../score.ts";
import { type Made, openBed } from "./bed.ts";

/**
 * A client of one event loop needs up to half a millisecond for an answer, and a call that is due meanwhile waits. With the simulations'
 * 20 ms too many of the calls were late by 1 % of the median; these servers and the SLO are slower by this factor.
 */
const SLOWER = 4;
const SLO = `p95 < ${SLOWER * 200} ms`;

const plain = (name: string): Figure => ({ table: 1, name, promised: null });
const pooled = (name: string, promised: Promised): Figure => ({ ...plain(name), promised, within: name });

/**
 * A search of a real server. A sweep as precise is simulated: how long it takes follows from its steps' lengths.
 *
 * @param secondsEach how long a search takes
 */
function searched(server: SimulatedServer, secondsEach: number): Scenario {
  const options: SearchOptions = { slo: objective(SLO), precision: 0.05, busyConnections: 8 };
  return {
    name: `${SLO}, ${server.name}, over TCP`,
    share: 1,
    secondsEach,
    figures: [
      plain("the client was a good generator, and the search found a capacity; of these:"),
      pooled("interval holds the capacity", [0.92, 1]),
      pooled("within 5 % of the capacity", [0.92, 1]),
      pooled("at most 40 % of the time of a sweep of ten steps, as precise", [0.9, 1]),
      plain("found, over the capacity"),
      plain("time over that sweep's"),
      { ...plain("time"), seconds: true },
      plain("steps that do not count, for the client's sake"),
    ],
    prepare() {
      const truth = capacityOf(server, options.slo);
      const { seconds } = sweepAsPrecise(server, options);
      return async (stream) => {
        const bed = await openBed(server, random(stream.bits()), options);
        try {
          return counted(await bed.search(), seconds, truth, options.precision);
        } finally {
          await bed.close();
        }
      };
    },
  };
}

/** What is counted of a search, in the order of the figures. Pure. */
export function counted(search: Made, sweepSeconds: number, truth: number, precision: number): Count[] {
  const { capacity, seconds, steps, uncounted } = search;
  const uncountedSteps = { right: uncounted, of: steps };
  if (capacity.outcome !== "found" || capacity.perSecond === null)
    return [yes(false), ...new Array<Count>(6).fill({ right: 0, of: 0 }), uncountedSteps];
  const over = capacity.perSecond / truth;
  return [
    yes(true),
    holds([[capacity.interval, truth]]),
    yes(Math.abs(over - 1) <= precision),
    yes(seconds <= SHARE * sweepSeconds),
    { right: over, of: 1 },
    { right: seconds / sweepSeconds, of: 1 },
    { right: seconds, of: 1 },
    uncountedSteps,
  ];
}

/** A server of the simulations, slowed. */
function slowed(name: string): SimulatedServer {
  const server = SERVERS.find((s) => s.name.startsWith(name)) as SimulatedServer;
  return { name: server.name, workers: server.workers, service: (stream) => SLOWER * server.service(stream) };
}

export const knees: readonly Scenario[] = [searched(slowed("M/D/1"), 1200), searched(slowed("M/G/2"), 1000)];
