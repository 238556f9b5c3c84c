import { capacities } from "./capacity/scenarios.ts";
import { knees } from "./knee/scenarios.ts";
import { holding } from "./holding.ts";
import { compared } from "./pairs.ts";
import { queues } from "./queues/scenarios.ts";
import { boundary, repaired } from "./repaired.ts";
import type { Scenario } from "./scenario.ts";
import { precise } from "./stopping.ts";
import { wire } from "./wire/scenarios.ts";

/** Every scenario, by what is tried: whole runs; percentiles under load; these by real calls; searches of a capacity; these by real calls. */
export const PARTS: Readonly<Record<string, readonly Scenario[]>> = {
  runs: [...holding, ...repaired, ...boundary, ...compared, ...precise],
  queues,
  wire,
  capacity: capacities,
  knee: knees,
};
