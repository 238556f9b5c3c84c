import type { Client } from "../../../clients/client.ts";
import type { VisitCalls, WorkerTools } from "./measure.ts";
import { VisitFault, callMessage } from "./outcomes.ts";
import type { VisitMessage, WarmupReport } from "./protocol.ts";

/** A warm-up call that was this much faster than all before it shows that it is not over yet. */
const GAIN = 0.1;

/**
 * The rule by which a warm-up ends. It takes `atLeast` calls in any case; then it is over as soon as the newest call was
 * not more than a tenth faster than the fastest before it (calls get no faster any more), or at `atMost` calls, or when
 * its time is up.
 *
 * @param latenciesMs of the warm-up calls so far, in order
 * @returns undefined if another call is needed
 */
export function warmedUp(
  latenciesMs: readonly number[],
  elapsedMs: number,
  bounds: { readonly atLeast: number; readonly atMost: number; readonly maxMs: number },
): WarmupReport["ended"] | undefined {
  const calls = latenciesMs.length;
  if (bounds.atMost === 0) return "none";
  if (calls < bounds.atLeast) return undefined;
  const newest = latenciesMs[calls - 1] as number;
  if (calls >= 2 && latenciesMs.slice(0, -1).some((before) => newest >= (1 - GAIN) * before)) return "steady";
  if (calls >= bounds.atMost) return "calls";
  return elapsedMs >= bounds.maxMs ? "time" : undefined;
}

/** What warm-up calls are made with. */
export interface WarmupCalls extends Pick<VisitCalls, "request" | "tcp"> {
  /** Connections of the visit. */
  readonly connections: number;
  /** The first so many of them; those that are missing are opened. */
  readonly open: (count: number) => Promise<readonly Client[]>;
}

/**
 * Makes a visit's warm-up calls, one at a time over its connections in turn, and reports each. A connection is opened just before its first
 * call: servers with a thread for each connection (gunicorn's) keep one for seconds where the connection says nothing.
 *
 * @throws VisitFault if one fails
 */
export async function warmUp(
  visit: VisitMessage,
  { request, tcp, connections, open }: WarmupCalls,
  { clock, emit }: WorkerTools,
): Promise<WarmupReport> {
  const latencies: number[] = [];
  // Every connection is to be warm: each of them makes a call at least, where there is a warm-up at all.
  const atLeast = visit.warmup === 0 ? 0 : Math.max(visit.warmup, connections);
  const bounds = { atLeast, atMost: Math.max(visit.warmupAtMost, atLeast), maxMs: visit.blockMs };
  const startedAt = clock.now();
  for (;;) {
    const ended = warmedUp(latencies, clock.now() - startedAt, bounds);
    if (ended !== undefined) return { calls: latencies.length, ended };
    const nth = latencies.length % connections;
    const client = (await open(nth + 1))[nth] as Client;
    const startAt = clock.now();
    const result = await tcp.call(client, request);
    emit(
      callMessage(visit.visit, "warmup", { result, startAt, intendedAt: null, leadIn: true }, clock, {
        tcp: tcp.last(),
      }),
    );
    if (!result.ok) throw new VisitFault(result.error.code, result.error.message, false);
    latencies.push(result.timing.totalMs);
  }
}
