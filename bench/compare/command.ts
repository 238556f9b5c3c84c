import { UserError } from "../../lib/errors.ts";
import { say } from "../../lib/output.ts";
import { COMPARE_SCHEMA } from "../format/schemas.ts";
import { type Study, loadStudy } from "../stats/study.ts";
import { DEFAULT_THRESHOLD, compareRuns } from "./compare.ts";
import { formatComparison } from "./comparison-text.ts";
import { verdictOf } from "./exit-code.ts";

/**
 * Compares the runs in two folders: what got faster or slower in B.
 *
 * @param options `threshold`: a share above 0, changes below it count as none; `strict`: exit code 1 in place of 3; `repeats`: folders
 * of runs that repeat each other, in pairs
 * @returns what is printed (text, or JSON in its place) and returned to the shell
 * @throws UserError if a folder holds no run, or the threshold is none
 */
export async function compareCommand(
  dirA: string,
  dirB: string,
  {
    threshold = DEFAULT_THRESHOLD,
    strict = false,
    repeats = [],
  }: {
    readonly threshold?: number;
    readonly strict?: boolean;
    readonly repeats?: readonly (readonly [string, string])[];
  } = {},
) {
  if (!(threshold > 0 && threshold < 10))
    throw new UserError({
      what: `threshold ${threshold}`,
      expected: "a share above 0 and below 10, such as 0.05 for five per cent",
    });
  const loaded = new Map<string, Promise<Study>>();
  const study = (dir: string) => {
    const known = loaded.get(dir) ?? loadStudy(dir);
    loaded.set(dir, known);
    return known;
  };
  const [a, b] = [await study(dirA), await study(dirB)];
  const pairs: (readonly [Study, Study])[] = [];
  for (const [first, second] of repeats) {
    try {
      pairs.push([await study(first), await study(second)]);
    } catch (error) {
      // Nobody asked for a repeat: one that cannot be read says nothing of how runs differ,.
      if (!(error instanceof UserError)) throw error;
      say(`left out, because it cannot be read: the repeat ${second} of ${first}`);
    }
  }
  const comparison = compareRuns(a, b, { threshold, repeats: pairs });
  const verdict = verdictOf(comparison, strict);
  return {
    text: formatComparison(comparison, verdict),
    json: { schema: COMPARE_SCHEMA, ...comparison, ...verdict },
    exitCode: verdict.exitCode,
  };
}
