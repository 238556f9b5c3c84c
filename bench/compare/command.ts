import { UserError } from "../../lib/errors.ts";
import { COMPARE_SCHEMA } from "../format/schemas.ts";
import { loadStudy } from "../stats/study.ts";
import { type Comparison, DEFAULT_THRESHOLD, compareRuns } from "./compare.ts";
import { formatComparison } from "./comparison-text.ts";
import { type Verdict, verdictOf } from "./exit-code.ts";

/** Options of `lathe compare A B`. */
export interface CompareCommandOptions {
  /** A share above 0: changes below it count as none. Default 0.05. */
  readonly threshold?: number;
  /** Exit code 1 in place of 3. */
  readonly strict?: boolean;
}

/** What the command prints (text, or JSON in its place) and returns to the shell. */
export interface CompareResult {
  readonly text: string;
  readonly json: Comparison & Verdict & { readonly schema: typeof COMPARE_SCHEMA };
  readonly exitCode: Verdict["exitCode"];
}

/**
 * Compares the runs in two folders: what got faster or slower in B.
 *
 * @throws UserError where a folder holds no run, or the threshold is none
 */
export async function compareCommand(
  dirA: string,
  dirB: string,
  options: CompareCommandOptions = {},
): Promise<CompareResult> {
  const threshold = options.threshold ?? DEFAULT_THRESHOLD;
  if (!(threshold > 0 && threshold < 10))
    throw new UserError({
      what: `threshold ${threshold}`,
      expected: "a share above 0 and below 10, such as 0.05 for five per cent",
    });
  const comparison = compareRuns(await loadStudy(dirA), await loadStudy(dirB), { threshold });
  const verdict = verdictOf(comparison, options.strict === true);
  return {
    text: formatComparison(comparison, verdict),
    json: { schema: COMPARE_SCHEMA, ...comparison, ...verdict },
    exitCode: verdict.exitCode,
  };
}
