import type { SearchOptions } from "../../../bench/capacity/search.ts";
import { type Slo, sloOf } from "../../../bench/capacity/slo.ts";
import { random } from "../../../bench/stats/math/random.ts";
import type { Scenario } from "../scenario.ts";
import { holds, yes } from "../score.ts";
import { capacityOf } from "./knee.ts";
import { SERVERS, type SimulatedServer } from "./servers.ts";
import { simulatedSearch, simulatedSweep } from "./trial.ts";

/** The share of a linear sweep's time that a search may take. */
const SHARE = 0.4;
/** How many sweeps show the precision at a length of steps. */
const SWEEPS = 6;
/** The length of steps grows by this factor until half of the sweeps are as precise as asked for. */
const LONGER = 1.5;

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
    ],
    prepare() {
      const truth = capacityOf(server, slo);
      const sweepSeconds = secondsOfSweep(server, options);
      return (stream) => {
        const { capacity, seconds } = simulatedSearch(server, random(stream.bits()), options);
        return [
          holds([[capacity.interval, truth]]),
          yes(Math.abs((capacity.perSecond ?? Infinity) / truth - 1) <= options.precision),
          yes(seconds <= SHARE * sweepSeconds),
        ];
      };
    },
  };
}

/** The time of a sweep whose steps are just long enough that half of such sweeps find the capacity with the precision asked for. */
function secondsOfSweep(server: SimulatedServer, options: SearchOptions): number {
  const { steps } = simulatedSearch(server, random(0), options);
  for (let stepSeconds = 20; ; stepSeconds *= LONGER) {
    const sweeps = Array.from({ length: SWEEPS }, (_, i) =>
      simulatedSweep(server, random(i + 1), options, steps.slice(0, 2), stepSeconds),
    );
    const precise = sweeps.filter((s) => (s.capacity.precision ?? Infinity) <= options.precision);
    if (precise.length >= SWEEPS / 2 || stepSeconds > 5000) return Math.min(...sweeps.map((s) => s.seconds));
  }
}

/** Reads an SLO that is known to be right. */
function objective(text: string): Slo {
  const slo = sloOf(text);
  if (slo === undefined) throw new Error(`no objective: ${text}`);
  return slo;
}

export const capacities: readonly Scenario[] = ["p95 < 200 ms", "p99 < 200 ms"].flatMap((text) =>
  SERVERS.map((server) => searches(server, objective(text))),
);
