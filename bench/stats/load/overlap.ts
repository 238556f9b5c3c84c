import type { TailCall } from "../tails/tail.ts";

/** Which calls of a visit were under way while another one was, from when they were due to their end; in the order of the calls. Pure. */
export function overlapping(calls: readonly TailCall[]): boolean[] {
  const ordered = calls
    .map(({ dueMs, latencyMs }, at) => ({ at, from: dueMs, to: dueMs + latencyMs }))
    .sort((a, b) => a.from - b.from);
  const found = calls.map(() => false);
  let lastTo = -Infinity;
  for (const [i, { at, from, to }] of ordered.entries()) {
    found[at] = from < lastTo || (ordered[i + 1]?.from ?? Infinity) < to;
    lastTo = Math.max(lastTo, to);
  }
  return found;
}
