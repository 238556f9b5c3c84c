import { performance } from "node:perf_hooks";
import { realClock } from "../../bench/loads/clock.ts";
import type { Client } from "../../clients/client.ts";
import { clientKind } from "../../clients/registry.ts";

/** One stream of calls: what it speaks, where, and which version it asks for. */
export interface Stream {
  readonly kind: "probe" | "rest";
  readonly port: number;
  /** Absent: the latest. */
  readonly label?: string;
}

/** What came of a load. */
export interface LoadSummary {
  readonly sent: number;
  /** Code and message of each call that failed. */
  readonly failures: readonly string[];
  /** From when a call was due until its answer: a server that pauses is seen by all calls that it delays. */
  readonly slowestMs: number;
  readonly medianMs: number;
}

export interface Load {
  /** Resolves once so many calls have ended: what was done to the server may have been over sooner than that. */
  reached(calls: number): Promise<void>;
  /** No more calls are made; resolves when those under way have ended. */
  stop(): Promise<void>;
  summary(): LoadSummary;
}

/** Calls of each stream, a second. */
const RATE = 1.5;
const CONNECTIONS = 4;
const SIDE = 32;

/** Calls a model at a fixed rate, whatever its answers do (open loop), until it is told to stop. */
export async function openLoad(address: string, model: string, streams: readonly Stream[]): Promise<Load> {
  const latencies: number[] = [];
  const failures: string[] = [];
  let on = true;
  const inputs = {
    inputs: { dtype: "DT_UINT8", shape: [1, SIDE, SIDE, 3], data: new Uint8Array(SIDE * SIDE * 3).fill(99) },
  } as const;
  const lanes: Promise<void>[] = [];
  for (const { kind, port, label } of streams) {
    const clients = Array.from({ length: CONNECTIONS }, () => clientKind(kind).create(address, port));
    await Promise.all(clients.map((client) => client.open(10_000)));
    const startedAt = performance.now();
    let begun = 0;
    const lane = async (client: Client) => {
      for (;;) {
        const dueAt = startedAt + (begun++ * 1000) / RATE;
        await realClock.until(dueAt);
        if (!on) return client.close();
        const result = await client.call({
          model,
          inputs,
          timeoutMs: 30_000,
          ...(label === undefined ? {} : { label }),
        });
        latencies.push(performance.now() - dueAt);
        if (!result.ok) failures.push(`${kind} ${label ?? "latest"}: ${result.error.code}: ${result.error.message}`);
      }
    };
    lanes.push(...clients.map(lane));
  }
  return {
    async reached(calls) {
      while (on && latencies.length < calls) await realClock.until(performance.now() + 100);
    },
    async stop() {
      on = false;
      await Promise.all(lanes);
    },
    summary() {
      const sorted = latencies.toSorted((a, b) => a - b);
      const ms = (value: number | undefined) => Math.round((value ?? 0) * 10) / 10;
      return {
        sent: latencies.length,
        failures,
        slowestMs: ms(sorted.at(-1)),
        medianMs: ms(sorted[Math.floor(sorted.length / 2)]),
      };
    },
  };
}
