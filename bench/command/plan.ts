import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { printResult } from "../../lib/cli/result.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { earlierCalls, forecast, roughCallMs } from "../plan/forecast.ts";
import { planMatrix } from "../plan/plan-matrix.ts";
import { formatPlan, planAsJson } from "../plan/plan-text.ts";
import { type PowerRow, powerOf, powerText } from "../compare/power.ts";
import { listRuns } from "../records/run-folders.ts";
import { loadStudy } from "../stats/study.ts";
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
  const power = earlier === undefined ? [] : await powerIn(earlier.dir);
  const unknown =
    "No earlier run shows the noise of these cells, so it is not known how many rounds it takes to detect a change.";
  const plan = formatPlan(matrix, options.limits, estimate, earlier?.dir);
  const text = `${plan}\n${power.length === 0 ? unknown : powerText(power)}`;
  printResult(PLAN.json, values.json, text, { ...planAsJson(matrix, options.limits, estimate, earlier?.dir), power });
}

/** How many rounds it takes to detect changes, by the noise of a run. Empty if the run cannot be read: a plan needs none. */
async function powerIn(dir: string): Promise<PowerRow[]> {
  try {
    return powerOf(await loadStudy(dir));
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}
