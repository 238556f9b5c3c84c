import { UserError } from "../../lib/errors.ts";
import { loadStudy } from "../stats/study.ts";
import { DEFAULT_THRESHOLD, compareRuns } from "./compare.ts";
import { formatComparison } from "./comparison-text.ts";
import { verdictOf } from "./exit-code.ts";

/** Options of `lathe compare A B`. */
export interface CompareCommandOptions {
  /** A share above 0: changes below it count as none. Default 0.05. */
  readonly threshold?: number;
  /** Exit code 1 in place of 3. */
  readonly strict?: boolean;
}

/**
 * Compares the runs in two folders: what got faster or slower in B.
 *
 * @returns what the command prints (text, or JSON in its place) and its exit code
 * @throws UserError where a folder holds no run, or the threshold is none
 */
export async function compareCommand(
  dirA: string,
  dirB: string,
  { threshold = DEFAULT_THRESHOLD, strict = false }: CompareCommandOptions = {},
) {
  if (!(threshold > 0 && threshold < 10))
    throw new UserError({
      what: `threshold ${threshold}`,
      expected: "a share above 0 and below 10, such as 0.05 for five per cent",
    });
  const comparison = compareRuns(await loadStudy(dirA), await loadStudy(dirB), { threshold });
  const verdict = verdictOf(comparison, strict);
  return {
    text: formatComparison(comparison, verdict),
    json: { schema: "lathe.compare/3", ...comparison, ...verdict },
    exitCode: verdict.exitCode,
  };
}
