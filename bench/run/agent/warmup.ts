import type { WarmupReport } from "./protocol.ts";

/** A warm-up call that was this much faster than all before it shows that it is not over yet. */
const GAIN = 0.1;

/** What ends a warm-up. */
export interface WarmupBounds {
  readonly atLeast: number;
  readonly atMost: number;
  /** No further call beyond `atLeast` is begun once the warm-up has taken this long. */
  readonly maxMs: number;
}

/**
 * The rule by which a warm-up ends. It takes `atLeast` calls in any case; then it is over as soon as the newest call was
 * not more than a tenth faster than the fastest before it (calls get no faster any more), or at `atMost` calls, or when
 * its time is up.
 *
 * @param latenciesMs of the warm-up calls so far, in order
 * @returns undefined where another call is needed
 */
export function warmedUp(
  latenciesMs: readonly number[],
  elapsedMs: number,
  bounds: WarmupBounds,
): WarmupReport["ended"] | undefined {
  const calls = latenciesMs.length;
  if (bounds.atMost === 0) return "none";
  if (calls < bounds.atLeast) return undefined;
  if (calls >= 2 && (latenciesMs[calls - 1] as number) >= (1 - GAIN) * Math.min(...latenciesMs.slice(0, -1)))
    return "steady";
  if (calls >= bounds.atMost) return "calls";
  return elapsedMs >= bounds.maxMs ? "time" : undefined;
}
