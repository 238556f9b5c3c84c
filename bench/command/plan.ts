import { join } from "node:path";
import { printResult } from "../../lib/cli/result.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { earlierCalls, forecast, roughCallMs } from "../plan/forecast.ts";
import { planMatrix } from "../plan/plan-matrix.ts";
import { formatPlan, planAsJson } from "../plan/plan-text.ts";
import { listRuns } from "../records/run-folders.ts";
import type { BenchOptions } from "./choices.ts";
import { PLAN } from "./options.ts";
import { deployedNow, runsFolder } from "./targets.ts";

/** `lathe plan`. */
export async function printPlan(options: BenchOptions, values: Values<typeof PLAN>): Promise<void> {
  const runs = runsFolder(values.runs);
  const deployed = await deployedNow(options);
  const matrix = await planMatrix(deployed, options);
  const dirs = (await listRuns(runs)).map((name) => join(runs, name));
  const earlier = await earlierCalls(dirs, matrix.cells);
  const models = Object.fromEntries(deployed.servers.flatMap((s) => s.models.map((m) => [m.name, m])));
  const estimate = forecast(matrix.cells, options.limits, (cell) => {
    const callMs = earlier?.callMs.get(cell.id);
    return { callMs: callMs ?? roughCallMs(cell, models), fromRecords: callMs !== undefined };
  });
  const text = formatPlan(matrix, options.limits, estimate, earlier?.dir);
  printResult(PLAN.json, values.json, text, planAsJson(matrix, options.limits, estimate, earlier?.dir));
}
