import type { SearchOptions } from "../../../bench/capacity/search.ts";
import { type Slo, sloOf } from "../../../bench/capacity/slo.ts";
import { random } from "../../../bench/stats/math/random.ts";
import type { Scenario } from "../scenario.ts";
import { holds, yes } from "../score.ts";
import { capacityOf } from "./knee.ts";
import { SERVERS, type SimulatedServer } from "./servers.ts";
import { simulatedSearch, sweepAsPrecise } from "./trial.ts";

/** The share of a linear sweep's time that a search may take. */
export const SHARE = 0.4;

/** Searches of one server whose capacity is known. */
function searches(server: SimulatedServer, slo: Slo): Scenario {
  const options: SearchOptions = { slo, precision: 0.05, busyConnections: 8 };
  return {
    name: `capacity, ${slo.text}, ${server.name}`,
    share: 1,
    figures: [
      { table: 2, name: "interval holds the capacity", promised: [0.92, 1] },
      { table: 2, name: "within 5 % of the capacity", promised: [0.92, 1] },
      { table: 2, name: "at most 40 % of the time of a sweep of ten steps, as precise", promised: [0.9, 1] },
      { table: 2, name: "time over that sweep's", promised: null },
      { table: 2, name: "time", promised: null, seconds: true },
    ],
    prepare() {
      const truth = capacityOf(server, slo);
      const sweep = sweepAsPrecise(server, options);
      return (stream) => {
        const { capacity, seconds } = simulatedSearch(server, random(stream.bits()), options);
        return [
          holds([[capacity.interval, truth]]),
          yes(Math.abs((capacity.perSecond ?? Infinity) / truth - 1) <= options.precision),
          yes(seconds <= SHARE * sweep.seconds),
          { right: seconds / sweep.seconds, of: 1 },
          { right: seconds, of: 1 },
        ];
      };
    },
  };
}

/** Reads an SLO that is known to be right. */
export function objective(text: string): Slo {
  const slo = sloOf(text);
  if (slo === undefined) throw new Error(`no objective: ${text}`);
  return slo;
}

export const capacities: readonly Scenario[] = ["p95 < 200 ms", "p99 < 200 ms"].flatMap((text) =>
  SERVERS.map((server) => searches(server, objective(text))),
);
