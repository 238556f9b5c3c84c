import { readFile } from "node:fs/promises";

/** Linux counts a process's CPU time for users in hundredths of a second, whatever its kernel's own clock is. */
const TICK_MS = 10;

/** A process's CPU time at some moment. */
export interface CpuSample {
  /** Wall clock, milliseconds since 1970, as arrivals have it. */
  readonly at: number;
  readonly cpuMs: number;
}

/** CPU time of all threads of a process, ended ones included, from its `/proc/PID/stat`; undefined if the text is of another form. */
export function cpuMsOf(stat: string): number | undefined {
  // The name, in parentheses, may have spaces and parentheses itself. User and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? ticks * TICK_MS : undefined;
}

/** The share of one core that a process used between the first and the last sample within two times; NaN if there are none. */
export function coreShare(samples: readonly CpuSample[], from: number, to: number): number {
  const within = samples.filter(({ at }) => at >= from && at <= to);
  const [first, last] = [within[0], within.at(-1)];
  return first === undefined || last === undefined ? NaN : (last.cpuMs - first.cpuMs) / (last.at - first.at);
}

/** Samples a process's CPU time five times a second until it has ended. @returns a function that returns the samples */
export function watchCpu(pid: number): () => CpuSample[] {
  const samples: CpuSample[] = [];
  const look = async () => {
    const cpuMs = cpuMsOf(await readFile(`/proc/${pid}/stat`, "latin1").catch(() => ""));
    if (cpuMs !== undefined) samples.push({ at: Date.now(), cpuMs });
  };
  const timer = setInterval(() => void look(), 200);
  return () => {
    clearInterval(timer);
    return samples;
  };
}
