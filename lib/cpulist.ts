import { UserError } from "./errors.ts";
import { show } from "./show.ts";

/** Linux numbers no CPU and no memory node higher (NR_CPUS is at most 8192). A mask may name more than there can be. */
export const HIGHEST_CPU = 8191;

/**
 * Reads a CPU list as the kernel and Docker write it: `"0-3,8,10-11"` becomes `[0, 1, 2, 3, 8, 10, 11]`. An empty list is
 * empty. Numbers above the highest that there can be are left out. The time that it takes grows with the text alone, however
 * many CPUs each part of it names.
 *
 * @throws UserError on anything else: a list that was misread would pin a server to the wrong cores
 */
export function parseCpuList(text: string): number[] {
  const trimmed = text.trim();
  if (trimmed === "") return [];
  /** By CPU: how many ranges begin there, less those that ended before it. */
  const edges = new Int32Array(HIGHEST_CPU + 2);
  const add = (at: number, n: number) => (edges[at] = (edges[at] ?? 0) + n);
  for (const part of trimmed.split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (!match || last < first) throw new UserError({ what: `not a CPU list: ${show(trimmed)}`, expected: "0-3,8" });
    if (first > HIGHEST_CPU) continue;
    add(first, 1);
    add(Math.min(last, HIGHEST_CPU) + 1, -1);
  }
  let open = 0;
  return Array.from({ length: HIGHEST_CPU + 1 }, (_, cpu) => cpu).filter((cpu) => (open += edges[cpu] ?? 0) > 0);
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
