/** What an experiment promises of its cells, as its file has it: `p95 < 80 ms`, `ratio to last run < 1.05`. */
export type Threshold = { readonly text: string } & (
  | { readonly of: "quantile"; readonly q: number; readonly limitMs: number }
  | { readonly of: "ratio"; readonly limit: number }
);

/** What a threshold may look like, for faults. */
export const THRESHOLD = "a limit such as p95 < 80 ms, median < 0.2 s, or ratio to last run < 1.05";

/** More than this is no share of calls that a run could ever show. */
const HIGHEST_PERCENTILE = 99.9;
const UNIT_MS = { ms: 1, s: 1000 } as const;

/**
 * Reads one threshold. Latencies need their unit, since `p95 < 80` might be meant in seconds; a ratio has none.
 *
 * @returns undefined if the text is none
 */
export function thresholdOf(text: string): Threshold | undefined {
  const words = text.trim().replace(/\s+/g, " ");
  const [, name, limit, unit = ""] = /^([a-z][a-z0-9. ]*?) ?< ?(\d{1,9}(?:\.\d{1,9})?) ?([a-z]*)$/.exec(words) ?? [];
  const value = Number(limit);
  if (name === undefined || !(value > 0)) return undefined;
  if (name === "ratio to last run") return unit === "" ? { text: words, of: "ratio", limit: value } : undefined;
  const percentile = name === "median" ? 50 : Number(/^p(\d{1,2}(?:\.\d)?)$/.exec(name)?.[1]);
  if (!(percentile > 0 && percentile <= HIGHEST_PERCENTILE) || !Object.hasOwn(UNIT_MS, unit)) return undefined;
  const limitMs = value * UNIT_MS[unit as keyof typeof UNIT_MS];
  return { text: words, of: "quantile", q: Number((percentile / 100).toFixed(4)), limitMs };
}

/** What an experiment's calls are to keep to: a share of them answers within a bound. */
export interface Slo {
  readonly text: string;
  /** The share; null where a bound alone is named. */
  readonly q: number | null;
  readonly boundMs: number;
}

/** What an SLO may look like, for faults. */
export const SLO = "a percentile's limit or a bound alone, such as p99 < 200 ms or 200 ms";

/** Reads an SLO: a percentile's limit, or a latency alone. Goodput counts the answers within its bound. @returns undefined if it is none */
export function sloOf(text: string): Slo | undefined {
  const alone = !text.includes("<");
  const limit = thresholdOf(alone ? `median < ${text}` : text);
  if (limit?.of !== "quantile") return undefined;
  return { text: text.trim().replace(/\s+/g, " "), q: alone ? null : limit.q, boundMs: limit.limitMs };
}

/**
 * Calls that a percentile takes: with fewer, its exact 95 % interval between order statistics has no end inside of the sample
 * (`carries` in stats/math/quantile.ts): 72 for p95, 368 for p99.
 */
export function callsFor(q: number): number {
  return Math.ceil(Math.log(0.025) / Math.log(Math.max(q, 1 - q)));
}
