/** One call of an open loop. */
export interface TailCall {
  /** When it was due, milliseconds from any fixed time of its visit. */
  readonly dueMs: number;
  /** From when it was due until its answer had arrived. */
  readonly latencyMs: number;
}

/** Calls of one visit in due order. */
export interface Course {
  readonly latenciesMs: Float64Array;
  /** How many earlier calls were under way when each was due. */
  readonly found: Int32Array;
  readonly seconds: number;
}

/** Latencies of consecutive calls of one visit. */
export interface Batch {
  readonly visit: number;
  readonly latenciesMs: Float64Array;
}

/** How far a cut may lie from the end of a batch of equal length, in lengths of a batch. */
const REACH = 1 / 3;

/** Puts a visit's calls into the order in which they were due. @param visit one call or more */
export function courseOf(visit: readonly TailCall[]): Course {
  const calls = visit.toSorted((a, b) => a.dueMs - b.dueMs);
  const [first, last] = [calls[0] as TailCall, calls.at(-1) as TailCall];
  // Until a further call would have been due.
  const seconds = calls.length < 2 ? 0 : ((last.dueMs - first.dueMs) * calls.length) / (calls.length - 1) / 1000;
  return { latenciesMs: Float64Array.from(calls, (c) => c.latencyMs), found: foundUnderWay(calls), seconds };
}

/**
 * How many earlier calls were under way when each call was due. A call that found none begins a cycle: it and later calls do not depend on
 * earlier ones, unless the server keeps something else.
 *
 * @param calls of one visit, in due order
 */
export function foundUnderWay(calls: readonly TailCall[]): Int32Array {
  const ends = Float64Array.from(calls, (c) => c.dueMs + c.latencyMs).sort();
  let ended = 0;
  return Int32Array.from(calls, ({ dueMs }, i) => {
    // A later call cannot have ended by now.
    while (ended < i && (ends[ended] as number) <= dueMs) ended++;
    return i - ended;
  });
}

/**
 * Cuts visits into about `wanted` batches of consecutive calls. A cut lies near the end of a batch of equal length, at the call that found
 * the fewest others under way. If the server was idle then, the cut lies between two cycles (the regenerative method, Crane and Iglehart
 * 1975). Otherwise it lies where later calls depend least on earlier ones (the almost regenerative method, Gunther and Wolff 1980).
 */
export function batchesOf(visits: readonly Course[], wanted: number): Batch[] {
  const n = visits.reduce((sum, v) => sum + v.found.length, 0);
  return visits.flatMap(({ latenciesMs, found }, visit) => {
    const parts = Math.max(1, Math.min(found.length, Math.round((wanted * found.length) / n)));
    const cuts = [0, ...cutsOf(found, parts), found.length];
    return cuts.slice(1).map((to, i) => ({ visit, latenciesMs: latenciesMs.subarray(cuts[i], to) }));
  });
}

function cutsOf(found: Int32Array, parts: number): number[] {
  const length = found.length / parts;
  return Array.from({ length: parts - 1 }, (_, i) => {
    const near = Math.round((i + 1) * length);
    const reach = Math.floor(length * REACH);
    let best = near;
    for (let step = 1; step <= reach; step++)
      for (const at of [near - step, near + step]) if ((found[at] ?? Infinity) < (found[best] as number)) best = at;
    return best;
  });
}
