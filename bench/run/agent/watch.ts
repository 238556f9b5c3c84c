import { PerformanceObserver, monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setImmediate as turn } from "node:timers/promises";
import { readFileSync } from "node:fs";
import type { ClientWatch } from "./protocol.ts";

/** Timers that measure the loop's lag, one at a time. They live in libuv and run no JavaScript. */
const RESOLUTION_MS = 10;

/** Watches this process: its event loop and its garbage collector. */
export interface Watch {
  /** Forgets what was before. */
  start(): void;
  /** What happened since `start`. `ownWorkMs` is passed through. */
  stop(ownWorkMs: number): Promise<ClientWatch>;
}

/** A pause of the garbage collector, on the clock of `performance.now`. */
export interface Pause {
  readonly startAt: number;
  readonly ms: number;
}

/** Sums up the pauses that began between two times. */
export function pausesWithin(pauses: readonly Pause[], from: number, to: number) {
  const within = pauses.filter((p) => p.startAt >= from && p.startAt <= to).map((p) => p.ms);
  return {
    gcPauses: within.length,
    gcMs: within.reduce((sum, p) => sum + p, 0),
    gcMaxMs: Math.max(0, ...within),
  };
}

/**
 * How long this process's first thread, where JavaScript runs, has waited for a processor since it began (Linux's
 * schedstat): other programs' work, or a CPU quota that is used up. Undefined where the kernel does not tell.
 */
function cpuWaitMs(): number | undefined {
  try {
    const nanoseconds = Number(readFileSync("/proc/self/schedstat", "latin1").split(" ")[1]);
    return Number.isFinite(nanoseconds) ? nanoseconds / 1e6 : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A watch over the real process. The loop's histogram holds the times between two timers, so what a timer takes itself
 * is subtracted; the first 10 ms after `start` are unseen, because no timer came before them.
 */
export function processWatch(): Watch {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const pauses: Pause[] = [];
  const keep = (entries: readonly { startTime: number; duration: number }[]) =>
    pauses.push(...entries.map((e) => ({ startAt: e.startTime, ms: e.duration })));
  const observer = new PerformanceObserver((list) => keep(list.getEntries()));
  let startAt = 0;
  let waitedMs: number | undefined;
  let utilisation = performance.eventLoopUtilization();
  const lag = (nanoseconds: number) =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) : 0;
  return {
    start() {
      observer.observe({ entryTypes: ["gc"] });
      delay.enable();
      delay.reset();
      pauses.length = 0;
      utilisation = performance.eventLoopUtilization();
      waitedMs = cpuWaitMs();
      startAt = performance.now();
    },
    async stop(ownWorkMs) {
      const endAt = performance.now();
      const waited = cpuWaitMs();
      const busy = performance.eventLoopUtilization(utilisation).utilization;
      await turn(); // the last pauses are handed over in the loop's next turn
      keep(observer.takeRecords());
      observer.disconnect();
      delay.disable();
      const seen = delay.count > 0;
      return {
        spanMs: endAt - startAt,
        loopMeanMs: seen ? lag(delay.mean) : 0,
        loopP99Ms: seen ? lag(delay.percentile(99)) : 0,
        loopMaxMs: seen ? lag(delay.max) : 0,
        loopBusy: Math.min(1, Math.max(0, busy)),
        ownWorkMs,
        ...pausesWithin(pauses, startAt, endAt),
        ...(waited === undefined || waitedMs === undefined ? {} : { cpuWaitMs: Math.max(0, waited - waitedMs) }),
      };
    },
  };
}
