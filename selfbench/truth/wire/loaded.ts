import { realClock } from "../../../bench/loads/clock.ts";
import type { LoadCall } from "../../../bench/loads/load.ts";
import { type Script, type Served, scriptedServer } from "../../../bench/loads/testing/scripted-server.ts";
import type { TailCall } from "../../../bench/stats/tails/tail.ts";
import type { PredictRequest } from "../../../clients/client.ts";
import { clientKinds } from "../../../clients/registry.ts";

/** How calls are made: by a load mode's `run`, or by what a test has instead. */
export interface Loading {
  readonly connections: number;
  run(tools: {
    readonly call: (connection: number) => ReturnType<ReturnType<typeof clientOf>["call"]>;
    readonly done: (call: LoadCall) => void;
    readonly clock: typeof realClock;
  }): Promise<void>;
}

/** A call that was made, and whether before those that are measured. */
export interface MadeCall extends TailCall {
  readonly leadIn: boolean;
  /** How late the client began it, though it was due and its connection was free. */
  readonly lagMs: number;
}

/** What came of it. */
export interface Loaded {
  /** In due order. */
  readonly calls: readonly MadeCall[];
  /** In the order in which the server saw them. */
  readonly served: readonly Served[];
}

/**
 * Whether client and server acted in time: at 99 of 100 calls they were no later than that. On a busy machine they are not in time, and then
 * the measurements say nothing of Lathe.
 */
export function inTime({ calls, served }: Loaded, limitMs: number): boolean {
  const few = (late: readonly number[]) => late.filter((ms) => ms > limitMs).length <= late.length / 100;
  return few(calls.map((c) => c.lagMs)) && few(served.map((s) => s.endedMs - s.dueMs));
}

const TIMEOUT_MS = 60_000;
/** Calls on each connection before the script begins: both programs are compiled while they run. */
const WARM = 20;

/** One uint8 pixel: the server answers whatever it is asked. */
const REQUEST: PredictRequest = {
  ...{ model: "scripted", signature: "serving_default", timeoutMs: TIMEOUT_MS },
  inputs: { inputs: { dtype: "DT_UINT8", shape: [1, 1, 1, 3], data: Uint8Array.of(1, 2, 3) } },
};

/** Makes calls to a scripted server through one of Lathe's clients. Throws if a call fails. */
export async function loaded(client: "probe" | "plain-json", script: Script, loading: Loading): Promise<Loaded> {
  const server = await scriptedServer(client === "probe" ? "grpc" : "rest");
  const clients = Array.from({ length: loading.connections }, () => clientOf(client, server.port));
  try {
    await server.follow({ serviceMs: [0], servers: 1 });
    for (const own of clients) {
      await own.open(TIMEOUT_MS);
      for (let i = 0; i < WARM; i++) await own.call(REQUEST);
    }
    await server.follow(script);
    const made: LoadCall[] = [];
    await loading.run({
      call: (connection) => (clients[connection] as (typeof clients)[number]).call(REQUEST),
      done: (call) => made.push(call),
      clock: realClock,
    });
    return { calls: madeCalls(made), served: await server.served() };
  } finally {
    await Promise.all(clients.map((own) => own.close()));
    server.close();
  }
}

function clientOf(name: string, port: number) {
  const kind = clientKinds.find((k) => k.name === name);
  if (kind === undefined) throw new Error(`no client kind ${name}`);
  return kind.create("127.0.0.1", port);
}

/** Calls of an open loop: the latency counts from when a call was due. */
function madeCalls(made: readonly LoadCall[]): MadeCall[] {
  return made
    .map(({ result, startAt, intendedAt, leadIn, readyAt }) => {
      if (!result.ok) throw new Error(`a call to the scripted server failed: ${result.error.message}`);
      const dueMs = intendedAt ?? startAt;
      return { dueMs, latencyMs: startAt - dueMs + result.timing.totalMs, leadIn, lagMs: startAt - (readyAt ?? dueMs) };
    })
    .sort((a, b) => a.dueMs - b.dueMs);
}
