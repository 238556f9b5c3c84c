import { basename, dirname, join } from "node:path";
import { exists } from "../../lib/cache/cached.ts";
import { UserError, messageOf } from "../../lib/errors.ts";
import { capacityResults } from "../capacity/result.ts";
import { readConditions } from "../stats/conditions.ts";
import { loadStudy } from "../stats/study.ts";
import { thresholdsOf } from "../thresholds/last-run.ts";
import { reportInputs } from "./index.ts";
import type { ReportInputs } from "./section.ts";

/**
 * Reads a run's folder for its report. A torn last line is left out and said.
 *
 * @throws UserError where the folder holds no run, or a line is no record
 */
export async function loadReport(dir: string, say: (text: string) => void): Promise<ReportInputs> {
  const study = await loadStudy(dir);
  const path = join(dir, "records.jsonl");
  const conditions = await readConditions(path, study.manifest, (characters) =>
    say(`${path}: the last line is torn (${characters} characters) and left out: the run was killed, or goes on`),
  );
  const earlier = await earlierRun(dir, study.manifest.repeats, say);
  const thresholds = await thresholdsOf(dir, study, say);
  const capacity = await capacityResults(dir, study.manifest);
  return reportInputs(study.manifest, {
    study,
    conditions,
    thresholds,
    dir,
    ...(earlier === undefined ? {} : { earlier }),
    ...(capacity === undefined ? {} : { capacity }),
  });
}

/** The run that this one repeats, which lies beside it; without it, the report says nothing of how well they agree. */
async function earlierRun(dir: string, id: string | undefined, say: (text: string) => void) {
  if (id === undefined) return undefined;
  const path = join(dirname(dir), basename(id));
  if (await exists(join(path, "run.json")))
    try {
      return await loadStudy(path);
    } catch (error) {
      // This run is whole: what befell the other must not keep its report from being made.
      if (!(error instanceof UserError)) throw error;
      say(`${path}: this run repeats it, and it cannot be read any more: ${messageOf(error).split("\n")[0] ?? ""}`);
      return undefined;
    }
  say(`${path}: this run repeats it, but it is not there any more: the report does not say how well they agree`);
  return undefined;
}
