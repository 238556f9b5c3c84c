import type { LoadPlan } from "../../../bench/loads/load.ts";
import { modeOf } from "../../../bench/loads/registry.ts";
import { fifo } from "../../../bench/loads/testing/fifo.ts";
import { quantile } from "../../../bench/stats/math/quantile.ts";
import { tailOf } from "../../../bench/stats/tails/tail.ts";
import { type Queue, queueAt } from "../../../bench/stats/tails/testing/queues.ts";
import { exponential, fixed, twoModes } from "../../../bench/stats/tails/testing/services.ts";
import { type Truth, dm1, md1, mm1, simulated } from "../../../bench/stats/tails/testing/theory.ts";
import type { Figure, Scenario } from "../scenario.ts";
import { type Count, type Promised, holds, yes } from "../score.ts";
import { type Loading, type MadeCall, inTime, loaded } from "./loaded.ts";

/** What is promised of reported intervals through real clients. */
const HELD: Promised = [0.9, 1];
const EXACT_CALLS = 2e7;
/** How late client and server may be at one of a hundred calls: a share of the median, and of a stall. */
const LATE = { median: 0.1, stall: 0.0025 };
const NOTHING = { right: 0, of: 0 };
const LEAD_IN_SECONDS = 2;
/** How long server and clients take to start. */
const START_SECONDS = 2;
/** Connections enough: calls wait in the server. */
const CONNECTIONS = 64;

const sortedMs = (calls: readonly { readonly latencyMs: number }[]) =>
  Float64Array.from(calls, (c) => c.latencyMs).sort();

/** The latencies that the same calls would have had without client, network and timers. */
function exactly(calls: readonly MadeCall[], serviceMs: readonly number[], servers: number): MadeCall[] {
  const done = fifo(servers);
  return calls.map((c, i) => ({ ...c, latencyMs: done(c.dueMs, serviceMs[i] as number) - c.dueMs }));
}

/** A load mode of a run, as its `run` takes it. */
function loading(
  mode: "poisson" | "constant-rate",
  ratePerSecond: number,
  connections: number,
  plan: Pick<LoadPlan, "calls" | "leadIn" | "seed">,
): Loading {
  const load = { mode, ratePerSecond, concurrency: connections };
  return { connections, run: (tools) => modeOf(load).run(load, { blockMs: Infinity, ...plan }, tools) };
}

/** Runs against a real server with scripted service times, through a real client. */
function wired(
  name: string,
  queue: Queue,
  truthOf: (queue: Queue) => Truth,
  { client, seconds }: { readonly client: "probe" | "plain-json"; readonly seconds: number },
): Scenario {
  const figure = (name: string, promised: Promised | null): Figure => ({ table: 1, name, promised });
  const interval = (name: string): Figure => ({
    ...figure(`interval of the ${name}, if reported`, HELD),
    within: "intervals of all percentiles that are reported",
  });
  const calls = Math.ceil(seconds * queue.ratePerSecond);
  const leadIn = Math.ceil(LEAD_IN_SECONDS * queue.ratePerSecond);
  const quantiles = [0.5, 0.9, 0.95];
  const NONE = new Array<Count>(6).fill(NOTHING);
  return {
    name: `${name} through ${client}, ${seconds} s`,
    share: 1,
    secondsEach: seconds + LEAD_IN_SECONDS + START_SECONDS,
    figures: [
      figure("client and server were in time; of these:", null),
      ...["median", "p90", "p95"].map(interval),
      figure("p95, measured over these calls' exact one", [0.99, 1.02]),
      figure("p99, measured over these calls' exact one", [0.99, 1.02]),
      figure("what client and network add to the median, over it", [0, 0.1]),
    ],
    prepare() {
      const truth = truthOf(queue);
      return async (stream) => {
        const { service, servers } = queue;
        const serviceMs = Array.from({ length: leadIn + calls }, () => service.draw(stream));
        const mode = queue.arrivals === "poisson" ? "poisson" : "constant-rate";
        const plan = { calls, leadIn, seed: stream.bits() };
        const load = loading(mode, queue.ratePerSecond, CONNECTIONS, plan);
        const made = await loaded(client, { serviceMs, servers }, load);
        const medianMs = truth.quantileMs(0.5);
        if (!inTime(made, LATE.median * medianMs)) return [yes(false), ...NONE];
        const measured = made.calls.filter((c) => !c.leadIn);
        const seen = sortedMs(measured);
        const exact = sortedMs(exactly(made.calls, serviceMs, servers).filter((c) => !c.leadIn));
        // The theory has no client and no network. Where many calls take the same time, an interval is narrower than what these add.
        const addedMs = (q: number) => quantile(seen, q) - quantile(exact, q);
        return [
          yes(true),
          ...quantiles.map((q) => {
            const tail = tailOf([measured], q);
            return holds([[tail.ok ? tail.interval : null, truth.quantileMs(q) + addedMs(q)]]);
          }),
          ...[0.95, 0.99].map((q) => ({ right: quantile(seen, q) / quantile(exact, q), of: 1 })),
          { right: addedMs(0.5) / medianMs, of: 1 },
        ];
      };
    },
  };
}

/** A stall of T s in a run of L s at a constant rate: p99 is T - 0.01 L, if the server takes no time for the other calls. */
function stalled(client: "probe" | "plain-json", connections: number, stallMs: number, runMs: number): Scenario {
  const ratePerSecond = 100;
  const calls = (runMs * ratePerSecond) / 1000;
  const trueMs = stallMs - 0.01 * runMs;
  return {
    name: `a stall of ${stallMs} ms in ${runMs} ms through ${client}, x${connections}`,
    share: 0.5,
    secondsEach: runMs / 1000 + START_SECONDS,
    figures: [
      { table: 1, name: "client and server were in time; of these:", promised: null },
      { table: 1, name: "p99 is T - 0.01 L within 1 %", promised: [1, 1] },
    ],
    prepare: () => async (stream) => {
      const serviceMs = new Array<number>(calls).fill(0);
      serviceMs[Math.floor(calls * (0.1 + 0.5 * stream.uniform()))] = stallMs;
      const load = loading("constant-rate", ratePerSecond, connections, { calls, leadIn: 0 });
      const made = await loaded(client, { serviceMs, servers: 1 }, load);
      if (!inTime(made, LATE.stall * stallMs)) return [yes(false), NOTHING];
      return [yes(true), yes(Math.abs(quantile(sortedMs(made.calls), 0.99) / trueMs - 1) <= 0.01)];
    },
  };
}

const SERVICE_MS = 10;
const M = exponential(SERVICE_MS);
const exact = (queue: Queue) => simulated(queue, EXACT_CALLS);

export const wire: readonly Scenario[] = [
  wired("M/M/1 at .5", queueAt(0.5, M), mm1, { client: "plain-json", seconds: 40 }),
  wired("M/D/1 at .7", queueAt(0.7, fixed(SERVICE_MS)), md1, { client: "probe", seconds: 60 }),
  wired("D/M/1 at .7", queueAt(0.7, M, { arrivals: "constant" }), dm1, { client: "probe", seconds: 60 }),
  wired("M/G/2 at .6, two modes", queueAt(0.6, twoModes(8, 48, 0.1), { servers: 2 }), exact, {
    ...{ client: "plain-json", seconds: 60 },
  }),
  stalled("plain-json", 1, 4000, 20_000),
  stalled("probe", 512, 4000, 20_000),
];
