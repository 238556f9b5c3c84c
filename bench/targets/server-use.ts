import type { ServerUse } from "../records/server-use.ts";

/** What the control groups of a server's container and its machine say at one time. Counters only grow. */
export interface UseSample {
  /** Processor time of all processes of the container, ms. */
  readonly cpuMs?: number;
  readonly memoryBytes?: number;
  /** The most of it since the container started. */
  readonly peakMemoryBytes?: number;
  /** Time that the hypervisor gave to other guests, all processors of the machine, ms. */
  readonly stealMs?: number;
  /** The CPU quotas that hold for the container: its own group first, then those above it. */
  readonly quotas: readonly { readonly periods: number; readonly throttled: number; readonly throttledMs: number }[];
}

/**
 * Prints a sample for each line of standard input, until it ends. Reads control groups of version 1 and 2
 * (kernel.org/doc: cgroup-v1/cpuacct, cgroup-v2, sched-bwc). A container that was restarted has another group, and a group may be
 * gone between any two commands: none of them ends the script.
 */
export const SAMPLE_SCRIPT = `
find_groups() {
  pid=$(docker container inspect --format '{{.State.Pid}}' "$1") || pid=0
  cpu= acct= memory= root=/sys/fs/cgroup
  [ -e "/proc/$pid/cgroup" ] || return 0
  while IFS=: read -r _ controllers path; do
    [ "$path" = / ] && continue
    if [ -z "$controllers" ]; then
      for at in "$root" "$root/unified"; do
        if [ -e "$at$path/cpu.stat" ]; then cpu=$at$path memory=$at$path; fi
      done
      continue
    fi
    case ,$controllers, in *,cpu,*) cpu=$root/$controllers$path ;; esac
    case ,$controllers, in *,cpuacct,*) acct=$root/$controllers$path ;; esac
    case ,$controllers, in *,memory,*) memory=$root/$controllers$path ;; esac
  done < "/proc/$pid/cgroup"
}
find_groups "$1" || :
while read -r _; do
  [ -d "$cpu" ] || find_groups "$1" || :
  at=$cpu
  while [ "\${at#/sys/fs/cgroup/}" != "$at" ] && [ -e "$at/cpu.stat" ]; do
    echo group
    cat "$at/cpu.stat" || :
    at=\${at%/*}
  done
  [ -e "$acct/cpuacct.usage" ] && echo "cpuacct_ns $(cat "$acct/cpuacct.usage")" || :
  for file in memory.current memory.usage_in_bytes; do
    [ -e "$memory/$file" ] && echo "memory $(cat "$memory/$file")" || :
  done
  for file in memory.peak memory.max_usage_in_bytes; do
    [ -e "$memory/$file" ] && echo "peak $(cat "$memory/$file")"
  done
  read -r line < /proc/stat
  echo "$line"
  echo end
done
`;

/** Ticks a second of `/proc/stat`: USER_HZ is 100 on every Linux that Docker runs on (proc(5)). */
const TICK_MS = 10;

/** Keys of lines that are no part of a group with a quota. */
const OF_THE_CONTAINER: ReadonlySet<string> = new Set(["cpuacct_ns", "memory", "peak"]);

/** The lines of a sample. What is missing or no number is left out. Pure. */
export function parseSample(lines: readonly string[]): UseSample {
  const groups: Map<string, number>[] = [];
  const rest = new Map<string, number>();
  let stealMs: number | undefined;
  for (const line of lines) {
    const [key = "", value = "", ...more] = line.trim().split(/\s+/, 10);
    if (key === "group") groups.push(new Map());
    else if (key === "cpu") stealMs = counter(more[6]);
    else {
      const number = counter(value);
      if (number !== undefined) (OF_THE_CONTAINER.has(key) ? rest : groups.at(-1))?.set(key, number);
    }
  }
  const quotas = groups.flatMap((group) => {
    const [periods, throttled] = [group.get("nr_periods"), group.get("nr_throttled")];
    const throttledMs = scaled(group.get("throttled_usec"), 1e3) ?? scaled(group.get("throttled_time"), 1e6);
    return periods === undefined || throttled === undefined || throttledMs === undefined
      ? []
      : [{ periods, throttled, throttledMs }];
  });
  const cpuMs = scaled(rest.get("cpuacct_ns"), 1e6) ?? scaled(groups[0]?.get("usage_usec"), 1e3);
  const memoryBytes = rest.get("memory");
  const peakMemoryBytes = rest.get("peak");
  return {
    ...(cpuMs !== undefined && { cpuMs }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(peakMemoryBytes !== undefined && { peakMemoryBytes }),
    ...(stealMs !== undefined && { stealMs: stealMs * TICK_MS }),
    quotas,
  };
}

function counter(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,18}$/.test(text) ? Number(text) : undefined;
}

function scaled(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value / by;
}

/**
 * What all containers of a server say together; undefined where one of them does not say. The sum of their highest memory is at least as
 * much as all of them had at one time. Time that went to other guests is the machine's. Pure.
 */
export function sampleOfAll(samples: readonly (UseSample | undefined)[]): UseSample | undefined {
  const known = samples.filter((one) => one !== undefined);
  const [first] = known;
  if (first === undefined || known.length < samples.length) return undefined;
  if (known.length === 1) return first;
  const sum = (key: "cpuMs" | "memoryBytes" | "peakMemoryBytes") => {
    const values = known.flatMap((one) => one[key] ?? []);
    return values.length < known.length ? {} : { [key]: values.reduce((a, b) => a + b, 0) };
  };
  return {
    ...sum("cpuMs"),
    ...sum("memoryBytes"),
    ...sum("peakMemoryBytes"),
    ...(first.stealMs !== undefined && { stealMs: first.stealMs }),
    quotas: known.flatMap(({ quotas }) => quotas),
  };
}

/**
 * What was used between two samples. Of several quotas the one that stopped the container most often counts: a group that
 * waits for a quota above it is stopped with it. Counters that fell belong to another container, and are left out. Pure.
 *
 * @param spanMs time between the samples
 */
export function useBetween(before: UseSample, after: UseSample, spanMs: number): ServerUse {
  const grown = (key: "cpuMs" | "stealMs") => {
    const [from, to] = [before[key], after[key]];
    return from === undefined || to === undefined || to < from ? {} : { [key]: to - from };
  };
  const same = before.quotas.length === after.quotas.length;
  const quotas = after.quotas.flatMap((to, i) => {
    const from = same ? before.quotas[i] : undefined;
    return from === undefined || to.periods < from.periods || to.throttled < from.throttled
      ? []
      : [
          {
            periods: to.periods - from.periods,
            throttledPeriods: to.throttled - from.throttled,
            throttledMs: Math.max(0, to.throttledMs - from.throttledMs),
          },
        ];
  });
  const [quota] = quotas.toSorted((a, b) => b.throttledPeriods - a.throttledPeriods || b.periods - a.periods);
  return {
    spanMs,
    ...grown("cpuMs"),
    ...grown("stealMs"),
    ...(after.memoryBytes !== undefined && { memoryBytes: after.memoryBytes }),
    ...(before.memoryBytes !== undefined && { memoryBeforeBytes: before.memoryBytes }),
    ...(after.peakMemoryBytes !== undefined && { peakMemoryBytes: after.peakMemoryBytes }),
    ...(quota !== undefined && quota.periods > 0 && { quota }),
  };
}
