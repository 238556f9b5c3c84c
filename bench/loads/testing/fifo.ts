/**
 * A queue that is served first come, first served (Lindley's recursion; Kiefer and Wolfowitz's for several servers). Each call must
 * arrive after the one before it.
 *
 * @returns when the work of a call that arrives at a time is done
 */
export function fifo(servers: number): (arrivesMs: number, workMs: number) => number {
  const freeAt = new Float64Array(servers).fill(-Infinity);
  return (arrivesMs, workMs) => {
    let first = 0;
    for (let i = 1; i < servers; i++) if ((freeAt[i] as number) < (freeAt[first] as number)) first = i;
    return (freeAt[first] = Math.max(arrivesMs, freeAt[first] as number) + workMs);
  };
}
