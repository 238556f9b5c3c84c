import { jsonOf } from "../../lib/json.ts";
import { readLines } from "./jsonl.ts";
import { FailureRecord } from "./records.ts";

/** Names a visit among all of a run. */
export const visitKey = ({ cell, round }: Pick<FailureRecord, "cell" | "round">): string => `${round} ${cell}`;

/** Keys of the visits of a run whose calls did not go over their link: no statistic has them. A missing or torn line names none. */
export async function voidVisits(path: string): Promise<Set<string>> {
  const keys = new Set<string>();
  for await (const { lines } of readLines(path))
    for (const line of lines) for (const key of voidIn(line)) keys.add(key);
  return keys;
}

/** The void visit that a line of `records.jsonl` names, if it does. Lines of calls are passed over unread. */
export function voidIn(line: string): string[] {
  const failure = line.includes('"void":true') ? FailureRecord.safeParse(jsonOf(line)).data : undefined;
  return failure?.error.void === true ? [visitKey(failure)] : [];
}
