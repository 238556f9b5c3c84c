import { join } from "node:path";
import { exists } from "../../lib/cache/cached.ts";
import type { Cell } from "../matrix/cell.ts";
import type { RunManifest } from "../records/manifest.ts";
import { readJournal } from "../records/records.ts";
import { Steps, secondsOf } from "./gather.ts";
import { type Capacity, searchOf } from "./search.ts";
import { sloOf, type Slo } from "./slo.ts";
import type { Step, StepFacts } from "./step.ts";
import { searchKey } from "./targets.ts";

/** A target with what its search found and what each step showed. */
export interface CapacityResult {
  readonly target: Cell;
  readonly capacity: Capacity;
  readonly steps: readonly (StepFacts & Pick<Step, "ratePerSecond" | "connections" | "failure" | "clientFault">)[];
  /** Time of its calls, warm-up included. */
  readonly seconds: number;
}

/** What a run of searches found. */
export interface CapacityResults {
  readonly slo: Slo;
  readonly precision: number;
  readonly results: readonly CapacityResult[];
}

/** What a run's searches have found, from its records. Undefined if the run has no searches. */
export async function capacityResults(dir: string, manifest: RunManifest): Promise<CapacityResults | undefined> {
  const slo = sloOf(manifest.capacity?.slo ?? "");
  if (manifest.capacity === undefined || slo === undefined) return undefined;
  const steps = await stepsIn(dir);
  const { precision } = manifest.capacity;
  return { slo, precision, results: resultsOf(manifest.cells, steps, slo, precision) };
}

/** The steps that a run's records have; none where the run was killed before its first call. */
export async function stepsIn(dir: string): Promise<Steps> {
  const [steps, path] = [new Steps(), join(dir, "records.jsonl")];
  if (await exists(path)) for await (const record of readJournal(path)) steps.add(record);
  return steps;
}

/** The same from records that were gathered. Pure. */
export function resultsOf(cells: readonly Cell[], steps: Steps, slo: Slo, precision: number): CapacityResult[] {
  return [...Map.groupBy(cells, searchKey).values()].map((own) => {
    const made = steps.of(own);
    const { capacity, facts } = searchOf(made, { slo, precision, busyConnections: 1 });
    return {
      target: own[0] as Cell,
      capacity,
      seconds: secondsOf(made),
      steps: made.map(({ ratePerSecond, connections, failure, clientFault }, i) => ({
        ...(facts[i] as StepFacts),
        ...{ ratePerSecond, connections },
        ...(failure !== undefined && { failure }),
        ...(clientFault !== undefined && { clientFault }),
      })),
    };
  });
}

/** How a search ended, in words. Pure. */
export function outcomeText({ outcome, precision, why }: Capacity): string {
  const because = why === undefined ? "" : `: ${why}`;
  const reached = precision === null ? "" : ` (± ${(100 * precision).toFixed(0)} %)`;
  switch (outcome) {
    case "found":
      return `found${reached}`;
    case "none":
      return `no rate meets the SLO${because}`;
    case "client":
      return `the client machine is the limit${because}`;
    case "failed":
      return `failed${because}`;
    case "open":
      return `open${reached}${because}`;
  }
}

/** The exit code of searches: 1 if one failed or no rate meets the SLO, else 3 if one is open or had too slow a client. Pure. */
export function exitOf(results: readonly { readonly capacity: Capacity }[]): number {
  const has = (...outcomes: readonly Capacity["outcome"][]) =>
    results.some((r) => outcomes.includes(r.capacity.outcome));
  return has("failed", "none") ? 1 : has("open", "client") ? 3 : 0;
}
