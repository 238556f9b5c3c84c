import type { SearchOptions } from "../../../bench/capacity/search.ts";
import { random } from "../../../bench/stats/math/random.ts";
import { capacityOf } from "../capacity/knee.ts";
import { SHARE, objective } from "../capacity/scenarios.ts";
import { SERVERS, type SimulatedServer } from "../capacity/servers.ts";
import { sweepAsPrecise } from "../capacity/trial.ts";
import type { Figure, Scenario } from "../scenario.ts";
import { type Count, type Promised, holds, yes } from "../score.ts";
import { type Made, openBed } from "./bed.ts";

const SLO = "p95 < 200 ms";

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

const byName = (name: string) => SERVERS.find((s) => s.name.startsWith(name)) as SimulatedServer;

export const knees: readonly Scenario[] = [searched(byName("M/D/1"), 310), searched(byName("M/M/1"), 790)];
