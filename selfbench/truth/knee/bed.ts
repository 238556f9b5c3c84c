import { findCapacities } from "../../../bench/capacity/find.ts";
import { type TimedStep, secondsOf } from "../../../bench/capacity/gather.ts";
import type { StepInputs } from "../../../bench/capacity/make-step.ts";
import type { Capacity, SearchOptions } from "../../../bench/capacity/search.ts";
import { whyUncounted } from "../../../bench/capacity/step.ts";
import { scriptedServer } from "../../../bench/loads/testing/scripted-server.ts";
import { DEFAULT_LIMITS } from "../../../bench/matrix/limits.ts";
import { localLink } from "../../../bench/run/agent/link.ts";
import type { RunInputs } from "../../../bench/run/inputs.ts";
import type { Random } from "../../../bench/stats/math/random.ts";
import { cellOf } from "../../../bench/testing/cells.ts";
import type { SimulatedServer } from "../capacity/servers.ts";

/** What a search over real connections has come to. */
export interface Made {
  readonly capacity: Capacity;
  /** Time of its calls, warm-up and lead-ins included, as reports count it. */
  readonly seconds: number;
  readonly steps: number;
  /** Steps that do not count because the client was no good generator. */
  readonly uncounted: number;
}

/** A real server with scripted service times, and what finds its capacity: `lathe capacity`'s own code, from this process. */
export interface Bed {
  search(): Promise<Made>;
  close(): Promise<void>;
}

/** So many service times are drawn; then the script begins again. */
const SCRIPT_CALLS = 50_000;
const IMAGE = { type: "image", name: "image-1", width: 1, height: 1, rgb: "AAAA", file: "" } as const;

/** Starts a server whose service times are drawn from `stream`. A quota cannot be scripted. */
export async function openBed(simulated: SimulatedServer, stream: Random, options: SearchOptions): Promise<Bed> {
  const server = await scriptedServer("grpc");
  const link = localLink();
  await link.sendImage(IMAGE);
  const serviceMs = Array.from({ length: SCRIPT_CALLS }, () => simulated.service(stream));
  await server.follow({ serviceMs, servers: simulated.workers });
  const target = cellOf(["client", "client"], "scripted", "probe", IMAGE.name);
  const newRun = (): RunInputs => ({
    ...{ already: new Map(), ended: new Set(), firstRound: 0, cells: [], limits: DEFAULT_LIMITS, seed: stream.bits() },
    link: () => Promise.resolve(link),
    route: () => ({ address: "127.0.0.1", port: server.port }),
    ...{ record: () => {}, answer: () => {}, onStatus: () => {}, now: () => performance.now() },
  });
  const steps: StepInputs = {
    ...{ targets: [target], mode: "poisson", timeoutMs: undefined, keep: () => Promise.resolve() },
  };
  return {
    async search() {
      const more = { options: () => options, precision: options.precision, budgetMs: null, onStatus: () => {} };
      const [found] = await findCapacities(newRun(), { ...steps, ...more });
      if (found === undefined) throw new Error("no search was made");
      return madeOf(found.search.capacity, found.steps);
    },
    async close() {
      await link.close();
      server.close();
    },
  };
}

const madeOf = (capacity: Capacity, steps: readonly TimedStep[]): Made => ({
  capacity,
  seconds: secondsOf(steps),
  steps: steps.length,
  uncounted: steps.filter((step) => whyUncounted(step) !== undefined).length,
});
