import { holding } from "./holding.ts";
import { compared } from "./pairs.ts";
import { boundary, repaired } from "./repaired.ts";
import type { Scenario } from "./scenario.ts";
import { precise } from "./stopping.ts";

/** Every scenario. */
export const SCENARIOS: readonly Scenario[] = [...holding, ...repaired, ...boundary, ...compared, ...precise];
