import { z } from "zod";
import type { CallResult } from "../../clients/client.ts";
import type { Clock } from "./clock.ts";

/** How a cell is loaded: the name of a mode, and what it takes. Each mode's own schema says what (`bench/loads/registry.ts`). */
export const Load = z.looseObject({ mode: z.string() });
export type Load = z.infer<typeof Load>;

/** The short keys of an experiment that say how it is loaded, each with the values that it asks for. */
export type LoadKeys = Readonly<Record<string, readonly number[] | undefined>>;

/** One call of a mode: how it went, when it began, and when it was due where the mode says so. */
export interface LoadCall {
  readonly result: CallResult;
  readonly startAt: number;
  readonly intendedAt: number | null;
  /** Made before the measured ones, as they are made. */
  readonly leadIn: boolean;
  /** When it could begin: it was due, and its connection was free. What comes after that is the client's own lag. */
  readonly readyAt?: number;
  /** Of calls that are made together: which of a visit's queries it is part of, from 0. */
  readonly query?: number | undefined;
}

/** What a visit allows a mode. */
export interface LoadPlan {
  /** Measured calls at most, and calls before them: see `LoadMode.leadIn`. */
  readonly calls: number;
  readonly leadIn: number;
  /** No call is begun, or due, once the measured part has run this long; its first is made in any case. Milliseconds. */
  readonly blockMs: number;
  /** What random times are drawn from: the run's seed, the cell and the visit. Default: 0. */
  readonly seed?: number | undefined;
  /** Of a mode that takes a file: the times in it, milliseconds. */
  readonly times?: readonly number[] | undefined;
}

/** What a visit makes where the load itself says it: measured calls, and how long they are due for. */
export interface WholeVisit {
  readonly calls: number;
  readonly ms: number;
}

/** What MLPerf's LoadGen reports of a scenario, and what its rules ask for besides (docs/load.md has the sources). */
export interface LoadGenRules {
  /** LoadGen's own name: `SingleStream`. */
  readonly scenario: string;
  /** The percentile of its result and what that is of; absent: the result is a throughput. */
  readonly latency?: { readonly percentile: number; readonly of: "call" | "query" };
  /** The bound that the percentile must keep to, where the scenario has one; milliseconds. */
  readonly boundMs?: number;
  /** Calls that MLPerf's rules ask for, where early stopping does not decide it. */
  readonly leastCalls?: number;
}

/** What a mode makes a visit's calls with: `call` on the connection of that number (from 0), `done` for each as it ends. */
export interface LoadTools {
  readonly call: (connection: number) => Promise<CallResult>;
  readonly done: (call: LoadCall) => void;
  readonly clock: Clock;
}

/** A load mode: one file, and one line in `bench/loads/registry.ts`. */
export interface LoadMode<L extends Load = Load> {
  /** The benchmarking world's name: `closed-loop`, `constant-rate`. */
  readonly mode: L["mode"];
  /** An entry of an experiment's `loads`, its defaults filled in. */
  readonly schema: z.ZodType<L>;
  /** Short keys of an experiment that it reads besides, and what one value of each may be. Modes may share a key. */
  readonly keys?: Readonly<Record<string, z.ZodType<number>>>;
  /** The loads that an experiment's short keys ask for; empty if they ask for none of this mode. */
  fromExperiment?(keys: LoadKeys): L[];
  /** For tables and ids: `x4`, `10/s`; of the paper's load, one call after the other, `one by one`. */
  title(load: L): string;
  /** Whether it is the paper's: one call after the other. */
  isPlain(load: L): boolean;
  connections(load: L): number;
  /** Calls at the load before the measured ones, so that they do not find an idle server. */
  leadIn(load: L, block: { readonly requests: number; readonly ms: number }): number;
  /** How long `calls` take at `callMs` each, in milliseconds. With 0: how long the load itself makes them last. */
  expectedMs(load: L, calls: number, callMs: number): number;
  /** Makes a visit's calls. No call is begun after one has failed. */
  run(load: L, plan: LoadPlan, tools: LoadTools): Promise<void>;

  /** Calls are due at times of their own, whatever the answers do: an open loop, whose client can be late. */
  readonly isOpen?: boolean;
  /** Of a load whose calls are due at one rate all the time: that rate. */
  ratePerSecond?(load: L): number;
  /** Of gaps that are drawn: the share of them that is no longer than so many milliseconds. */
  gapShare?(load: L): (ms: number) => number;
  /** A visit's calls where the load itself says them: `blockRequests` and `blockSeconds` do not hold. */
  wholeVisit?(load: L): WholeVisit;
  /** Why percentiles of all its calls together say nothing; absent: they do. */
  readonly noPercentiles?: string;
  /** Of a mode that takes a file (its key `file`): what of its text belongs to the load, and the times. Throws UserError. */
  readFile?(load: L, text: string, path: string): { readonly load: L; readonly times: readonly number[] };
  /** Of one of MLPerf LoadGen's scenarios. */
  loadGen?(load: L): LoadGenRules;
}
