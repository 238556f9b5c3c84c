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
  /**
   * What happened since `start`. `ownWorkMs` is passed through.
   *
   * @param spunMs for so long the loop turned with nothing to do, waiting for the time of a call: that is no work
   */
  stop(ownWorkMs: number, spunMs: number): Promise<ClientWatch>;
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
    gcMaxMs: within.reduce((most, ms) => Math.max(most, ms), 0),
  };
}

/**
 * How long this process's first thread, where JavaScript runs, has waited for a processor since it began (Linux's
 * schedstat): other programs' work, or a CPU quota that is used up. Undefined if the kernel does not say.
 */
function cpuWaitMs(): number | undefined {
  try {
    const nanoseconds = Number(readFileSync("/proc/self/schedstat", "latin1").split(" ")[1]);
    return Number.isFinite(nanoseconds) ? nanoseconds / 1e6 : undefined;
  } catch {
    return undefined;
  }
}

/** Time that a hypervisor took from this machine's processors since it started (proc(5): the eighth figure, in hundredths of a second). */
function stealMs(): number | undefined {
  try {
    const [, ...figures] = (readFileSync("/proc/stat", "latin1").split("\n", 1)[0] ?? "").trim().split(/\s+/);
    const ticks = Number(figures[7]);
    return Number.isFinite(ticks) ? 10 * ticks : undefined;
  } catch {
    return undefined;
  }
}

/** What a watch asks its process; replaced in tests. */
export interface ProcessSigns {
  /** Monotonic clock, milliseconds. */
  now(): number;
  /** Measures how far apart the event loop's timers are, in nanoseconds. */
  readonly delay: Pick<
    ReturnType<typeof monitorEventLoopDelay>,
    "enable" | "disable" | "reset" | "count" | "mean" | "max" | "percentile"
  >;
  /** Hands over the collector's pauses from now on; what comes back ends that, once the last ones are handed over. */
  pauses(take: (pause: Pause) => void): () => Promise<void>;
  /** Begins to measure what share of the time the loop is busy; the function that is returned gives it. */
  busy(): () => number;
  /** How long the process's first thread has waited for a processor since it began; undefined if the kernel does not say. */
  cpuWaitMs(): number | undefined;
  /** Processor time of the whole process since it began. */
  cpuMs(): number;
  /** As `ClientWatch` has it, since the machine started. */
  stealMs(): number | undefined;
}

const processSigns = (): ProcessSigns => ({
  now: () => performance.now(),
  delay: monitorEventLoopDelay({ resolution: RESOLUTION_MS }),
  pauses(take) {
    const takeAll = (entries: readonly { startTime: number; duration: number }[]) =>
      entries.forEach((e) => take({ startAt: e.startTime, ms: e.duration }));
    const observer = new PerformanceObserver((list) => takeAll(list.getEntries()));
    observer.observe({ entryTypes: ["gc"] });
    return async () => {
      await turn(); // the last pauses are handed over in the loop's next turn
      takeAll(observer.takeRecords());
      observer.disconnect();
    };
  },
  busy() {
    const from = performance.eventLoopUtilization();
    return () => performance.eventLoopUtilization(from).utilization;
  },
  cpuWaitMs,
  cpuMs() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  stealMs,
});

/** What was added to a counter, under its name; nothing where it was not read. */
function added<K extends string>(key: K, before: number | undefined, after: number | undefined): { [P in K]?: number } {
  return before === undefined || after === undefined
    ? {}
    : ({ [key]: Math.max(0, after - before) } as { [P in K]: number });
}

/**
 * A watch over the process. The loop's histogram holds the times between two timers, so what a timer takes itself is
 * subtracted; the first 10 ms after `start` are unseen, because no timer came before them.
 */
export function processWatch(signs: ProcessSigns = processSigns()): Watch {
  const { delay } = signs;
  const lag = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  let stop: Watch["stop"] = () => Promise.reject(new Error("a watch is stopped that was not started"));
  return {
    start() {
      const pauses: Pause[] = [];
      const endPauses = signs.pauses((pause) => pauses.push(pause));
      delay.enable();
      delay.reset();
      const busySince = signs.busy();
      const waitedBefore = signs.cpuWaitMs();
      const [cpuBefore, stealBefore] = [signs.cpuMs(), signs.stealMs()];
      const startAt = signs.now();
      stop = async (ownWorkMs, spunMs) => {
        const endAt = signs.now();
        const waited = signs.cpuWaitMs();
        const [cpu, steal] = [signs.cpuMs(), signs.stealMs()];
        const spun = endAt > startAt ? spunMs / (endAt - startAt) : 0;
        const loopBusy = Math.min(1, Math.max(0, busySince() - spun));
        await endPauses();
        delay.disable();
        const seen = delay.count > 0;
        return {
          spanMs: endAt - startAt,
          loopMeanMs: seen ? lag(delay.mean) : 0,
          loopP99Ms: seen ? lag(delay.percentile(99)) : 0,
          loopMaxMs: seen ? lag(delay.max) : 0,
          loopBusy,
          ownWorkMs,
          ...pausesWithin(pauses, startAt, endAt),
          ...added("cpuWaitMs", waitedBefore, waited),
          ...added("cpuMs", cpuBefore, cpu),
          spunMs,
          ...added("stealMs", stealBefore, steal),
        };
      };
    },
    stop: (ownWorkMs, spunMs) => stop(ownWorkMs, spunMs),
  };
}
