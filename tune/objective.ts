import type { Load } from "../bench/loads/load.ts";
import { modeOf } from "../bench/loads/registry.ts";
import { MOST_COPIES } from "../infra/servers/knobs.ts";
import type { Reader } from "../lib/cli/spec.ts";
import type { Objective } from "./race/types.ts";

/** What `--for` takes. */
export const OBJECTIVES = 'throughput, latency, cost, or a percentile at a rate such as "p99 < 200 ms at 10/s"';

const PROMISE = /^p(\d{1,2}(?:\.\d{1,3})?)\s*<\s*(\d+(?:\.\d+)?)\s*(ms|s)\s+at\s+(\d+(?:\.\d+)?)\s*\/\s*s$/i;

/** Reads an objective. @returns undefined if the text is none. Pure. */
export function objectiveOf(text: string): Objective | undefined {
  const word = text.trim().toLowerCase();
  if (word === "throughput" || word === "latency" || word === "cost") return { kind: word };
  const [, percentile, bound, unit, rate] = PROMISE.exec(text.trim()) ?? [];
  const promised = {
    kind: "percentile" as const,
    percentile: Number(percentile),
    boundMs: Number(bound) * (unit?.toLowerCase() === "s" ? 1000 : 1),
    ratePerSecond: Number(rate),
  };
  const { percentile: p, boundMs, ratePerSecond } = promised;
  return p > 0 && p < 100 && boundMs > 0 && ratePerSecond > 0 ? promised : undefined;
}

/** An objective as `--for` takes it. Pure. */
export function objectiveText(objective: Objective): string {
  if (objective.kind !== "percentile") return objective.kind;
  const { percentile, boundMs, ratePerSecond } = objective;
  return `p${percentile} < ${boundMs} ms at ${ratePerSecond}/s`;
}

/** Reads `--for`. */
export const readObjective: Reader<Objective> = (text, wrong) => {
  const objective = objectiveOf(text);
  if (objective === undefined) wrong(OBJECTIVES);
  return objective ?? { kind: "latency" };
};

/** Connections for a constant rate: so many times what are busy if every answer takes as long as the bound. */
const SPARE = 2;
const MOST_CONNECTIONS = 64;

/**
 * The load of an objective's calls. Latency: one call at a time. Throughput: twice as many at a time as CPUs, so that no core waits for a
 * call. Cost: as many as CPUs, so that cores do not spend CPU time on waiting. A percentile: its own rate. Pure.
 */
export function loadFor(objective: Objective, cpus: number): Load {
  switch (objective.kind) {
    case "latency":
      return { mode: "closed-loop", concurrency: 1 };
    case "cost":
      return { mode: "closed-loop", concurrency: cpus };
    case "throughput":
      return { mode: "closed-loop", concurrency: Math.min(MOST_CONNECTIONS, Math.max(4, 2 * cpus)) };
    case "percentile": {
      const { ratePerSecond, boundMs } = objective;
      const needed = Math.ceil((SPARE * ratePerSecond * boundMs) / 1000);
      return {
        mode: "constant-rate",
        ratePerSecond,
        // Each replica that is tried gets calls.
        concurrency: Math.min(MOST_CONNECTIONS, Math.max(4, Math.min(cpus, MOST_COPIES), needed)),
      };
    }
  }
}

/** How one visit is made. */
export interface VisitPlan {
  readonly blockMs: number;
  readonly leadIn: number;
  readonly calls: number;
  readonly timeoutMs: number;
}

/** How many calls of a visit lie above the percentile. Fewer would show hardly anything of it. */
const CALLS_ABOVE = 3;

/**
 * Plans how long a visit measures: the time of some 20 calls in a row, 2 to 15 s. For a percentile: so long that some calls lie above it, 3 to
 * 30 s, after a lead-in half as long. Pure.
 *
 * @param callMs time of one call at a time with the rule's settings
 */
export function visitPlan(objective: Objective, load: Load, callMs: number): VisitPlan {
  const within = (least: number, value: number, most: number) => Math.min(most, Math.max(least, value));
  const mode = modeOf(load);
  const promised = objective.kind === "percentile" ? objective : undefined;
  const blockMs =
    promised === undefined
      ? within(2000, 20 * callMs, 15_000)
      : within(3000, (1000 * CALLS_ABOVE) / (1 - promised.percentile / 100) / promised.ratePerSecond, 30_000);
  const rate = promised?.ratePerSecond ?? (1000 * mode.connections(load)) / Math.max(0.05, callMs);
  return {
    blockMs: Math.round(blockMs),
    leadIn: promised === undefined ? 0 : Math.ceil((promised.ratePerSecond * blockMs) / 2000),
    // More calls than fit into the time, so that the time ends the visit.
    calls: Math.ceil(within(20, (4 * rate * blockMs) / 1000, 100_000)),
    timeoutMs: Math.round(within(5000, 50 * callMs, 60_000)),
  };
}
