/** Linux numbers no CPU and no memory node higher (NR_CPUS is at most 8192). A mask may name more than there can be. */
const HIGHEST = 8191;

/**
 * Reads a CPU list as the kernel and Docker write it: `"0-3,8,10-11"` becomes `[0, 1, 2, 3, 8, 10, 11]`. An empty list is
 * empty. Throws on anything else: a list that was misread would pin a server to the wrong cores.
 */
export function parseCpuList(text: string): number[] {
  const trimmed = text.trim();
  if (trimmed === "") return [];
  const cpus = new Set<number>();
  for (const part of trimmed.split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!match || last < first) throw new Error(`not a CPU list: "${trimmed}"`);
    for (let cpu = first; cpu <= Math.min(last, HIGHEST); cpu++) cpus.add(cpu);
  }
  return [...cpus].sort((a, b) => a - b);
}

/** Writes a CPU list in its shortest form: `[0, 1, 2, 8]` becomes `"0-2,8"`. */
export function formatCpuList(cpus: readonly number[]): string {
  const sorted = [...new Set(cpus)].sort((a, b) => a - b);
  const runs: [first: number, last: number][] = [];
  for (const cpu of sorted) {
    const run = runs.at(-1);
    if (run && cpu === run[1] + 1) run[1] = cpu;
    else runs.push([cpu, cpu]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}
