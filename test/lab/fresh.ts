import type { Progress } from "../../lib/progress.ts";
import { labDown, labUp, type Lab, type LabSpec } from "../../lab/index.ts";

/** Whether labs are to stay after the tests (`LATHE_TEST_KEEP=1`), and a lab that is there is used as it stands. */
const keeps = () => process.env["LATHE_TEST_KEEP"] === "1";

/**
 * A lab with nothing deployed on it. One of that name which is there is what a killed run of the tests left: its hosts
 * would come back with that run's containers, models and firewall rules, and take this run's names and ports.
 */
export async function freshLab(spec: LabSpec, progress: Progress): Promise<Lab> {
  if (!keeps()) await labDown(spec.name, progress);
  return labUp(spec, progress);
}

/** Takes a test's lab down again. */
export async function endLab(name: string, progress: Progress): Promise<void> {
  if (!keeps()) await labDown(name, progress);
}
