import { capacities } from "./capacity/scenarios.ts";
import { holding } from "./holding.ts";
import { compared } from "./pairs.ts";
import { queues } from "./queues/scenarios.ts";
import { boundary, repaired } from "./repaired.ts";
import type { Scenario } from "./scenario.ts";
import { precise } from "./stopping.ts";
import { wire } from "./wire/scenarios.ts";

/** Every scenario, by what is tried: whole runs, percentiles under load, and those through real clients from a real server. */
export const PARTS: Readonly<Record<string, readonly Scenario[]>> = {
  runs: [...holding, ...repaired, ...boundary, ...compared, ...precise],
  queues,
  wire,
  capacity: capacities,
};
