import type { z } from "zod";
import type { Fault } from "./errors.ts";

/** So many faults of one text are shown; more do not help. */
const MOST_FAULTS = 10;

type Issue = z.core.$ZodIssue;
/** What `safeParse` gives, and what `parse` throws. */
type Failure = { readonly issues: readonly Issue[] };

/** Where an issue is, as code would write it: `models[0].name`; `(top)` if it is in no part. */
export function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return text.replace(/^\./, "") || "(top)";
}

/** An issue in one line, its path first. */
export function issueText(issue: Issue): string {
  return `${pathText(issue.path)}: ${issue.message}`;
}

/** Issues, each with its whole path. If a union has no message of its own, the issues of the branch with the fewest. */
export function flatIssues(failure: Failure): Issue[] {
  return flatten(failure.issues, []);
}

function flatten(issues: readonly Issue[], base: readonly PropertyKey[]): Issue[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path];
    if (issue.code !== "invalid_union" || issue.errors.length === 0 || issue.message !== "Invalid input")
      return [{ ...issue, path }];
    const branches = issue.errors.map((branch) => flatten(branch, path));
    return branches.reduce((a, b) => (b.length < a.length ? b : a));
  });
}

/** What a schema refused, as faults `PLACE: PATH: MESSAGE`, at most ten. The last one gets `rest`. */
export function zodFaults(failure: Failure, place: string, rest: Omit<Fault, "what"> = {}): Fault[] {
  const issues = flatIssues(failure);
  const faults: Fault[] = issues.slice(0, MOST_FAULTS).map((issue) => ({ what: `${place}: ${issueText(issue)}` }));
  const more = issues.length - faults.length;
  if (more > 0) faults.push({ what: `${place}: and ${more} more` });
  return faults.map((fault, i) => (i === faults.length - 1 ? { ...fault, ...rest } : fault));
}
