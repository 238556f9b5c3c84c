import { basename, dirname, join, resolve } from "node:path";
import { messageOf } from "../../lib/errors.ts";
import type { RunManifest } from "../records/manifest.ts";
import { readManifest } from "../records/manifest.ts";
import { otherwiseCalled } from "../compare/provenance.ts";
import { listRuns } from "../records/run-folders.ts";
import { type Study, loadStudy } from "../stats/study.ts";
import { judgeThresholds, needsLastRun } from "./judge.ts";
import type { ThresholdResult } from "./result.ts";

/**
 * Judges a run's thresholds; where one asks for it, beside the newest earlier run of the same cells in the folder of runs.
 *
 * @param say takes why an earlier run was passed over
 */
export async function thresholdsOf(dir: string, study: Study, say: (text: string) => void): Promise<ThresholdResult[]> {
  return judgeThresholds(study, needsLastRun(study) ? await lastRun(dir, study.manifest, say) : undefined);
}

/** The newest run beside this one that began earlier and has cells of it. Runs that repeat each other are no earlier ones. */
async function lastRun(dir: string, own: RunManifest, say: (text: string) => void): Promise<Study | undefined> {
  const root = dirname(resolve(dir));
  const ids = new Set(own.cells.map((c) => c.id));
  const names = (await listRuns(root)).filter((name) => name !== basename(dir) && name !== own.repeats);
  for (const name of names.reverse()) {
    const path = join(root, name);
    try {
      const manifest = await readManifest(path);
      const sameSeries = manifest.repeats !== undefined && [own.repeats, own.id].includes(manifest.repeats);
      const earlier = Date.parse(manifest.createdAt) < Date.parse(own.createdAt);
      const others = otherwiseCalled(manifest, own);
      if (!earlier || sameSeries || !manifest.cells.some((c) => ids.has(c.id) && !others.has(c.id))) continue;
      const study = await loadStudy(path);
      if ([...study.data.values()].some((d) => ids.has(d.cell) && d.visits.length > 0)) return study;
    } catch (error) {
      say(`${path}: passed over as the last run: ${messageOf(error).split("\n")[0] ?? ""}`);
    }
  }
  return undefined;
}
