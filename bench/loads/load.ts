import { z } from "zod";
import type { CallResult } from "../../clients/client.ts";
import type { Clock } from "./clock.ts";

/** A cell's load: the name of a mode, and what the mode takes, which its own schema says (`bench/loads/registry.ts`). */
export const Load = z.looseObject({ mode: z.string() });
export type Load = z.infer<typeof Load>;

/** The short keys of an experiment that ask for loads, each with its values. */
export type LoadKeys = Readonly<Record<string, readonly number[] | undefined>>;

/** One call of a mode: its result, when it began, and when it was due (`intendedAt`); null: the mode does not say when calls are due. */
export interface LoadCall {
  readonly result: CallResult;
  readonly startAt: number;
  readonly intendedAt: number | null;
  /** Whether it is part of the lead-in. */
  readonly leadIn: boolean;
  /** When it could begin: it was due, and its connection was free. The time from then until it begins is the client's own lag. */
  readonly readyAt?: number;
  /** The number of its query in the visit, from 0, if calls are made in queries. */
  readonly query?: number | undefined;
}

/** What a visit allows a mode. */
export interface LoadPlan {
  /** Measured calls at most, and calls before them: see `LoadMode.leadIn`. */
  readonly calls: number;
  readonly leadIn: number;
  /** Length of the measured part, milliseconds: later, no call begins or is due. The first call is made in any case. */
  readonly blockMs: number;
  /** Seed of random times, from the run's seed, the cell and the visit. Default: 0. */
  readonly seed?: number | undefined;
  /** The times in the file of a mode that takes one, milliseconds. */
  readonly times?: readonly number[] | undefined;
}

/** The visit of a load that itself says which calls to make: how many, and from the first due time to the last. */
export interface WholeVisit {
  readonly calls: number;
  readonly ms: number;
}

/** What MLPerf's LoadGen reports of a scenario, and what MLPerf's rules also ask for (docs/load.md has the sources). */
export interface LoadGenRules {
  /** LoadGen's own name: `SingleStream`. */
  readonly scenario: string;
  /** The percentile that is its result, of calls or queries; absent: the result is a throughput. */
  readonly latency?: { readonly percentile: number; readonly of: "call" | "query" };
  /** The bound that the percentile must keep to, if the scenario has one; milliseconds. */
  readonly boundMs?: number;
  /** How many calls MLPerf's rules ask for, if early stopping does not decide it. */
  readonly leastCalls?: number;
}

/** What a mode uses: `call` makes a call on the connection of that number (from 0); the mode gives each ended call to `done`. */
export interface LoadTools {
  readonly call: (connection: number) => Promise<CallResult>;
  readonly done: (call: LoadCall) => void;
  readonly clock: Clock;
}

/** A load mode: one file, and one line in `bench/loads/registry.ts`. */
export interface LoadMode<L extends Load = Load> {
  /** The usual name of such loads: `closed-loop`, `constant-rate`. */
  readonly mode: L["mode"];
  /** Reads an entry of an experiment's `loads`, and fills in defaults. */
  readonly schema: z.ZodType<L>;
  /** Short keys of an experiment that it also reads, and what one value of each may be. Modes may share a key. */
  readonly keys?: Readonly<Record<string, z.ZodType<number>>>;
  /** The loads that an experiment's short keys ask for; empty if they ask for none of this mode. */
  fromExperiment?(keys: LoadKeys): L[];
  /** A name for tables and ids: `x4`, `10/s`; `one by one` for the paper's load. */
  title(load: L): string;
  /** Whether it is the paper's load: one call after the other. */
  isPlain(load: L): boolean;
  connections(load: L): number;
  /** How many calls at the load come before the measured ones, so that these do not find an idle server. */
  leadIn(load: L, block: { readonly requests: number; readonly ms: number }): number;
  /** How long `calls` take, milliseconds, if each takes `callMs`. With 0 for `callMs`: how long the load itself makes them last. */
  expectedMs(load: L, calls: number, callMs: number): number;
  /** Makes a visit's calls. After a call has failed, no call begins. */
  run(load: L, plan: LoadPlan, tools: LoadTools): Promise<void>;

  /** Whether it is an open loop: calls are due at times of their own, whether or not answers arrive, so the client can be late. */
  readonly isOpen?: boolean;
  /** The rate, if calls are due at one rate all the time. */
  ratePerSecond?(load: L): number;
  /** The distribution of random gaps: the share of them that is no longer than so many milliseconds. */
  gapShare?(load: L): (ms: number) => number;
  /** A visit's calls, if the load itself says them: `blockRequests` and `blockSeconds` do not count. */
  wholeVisit?(load: L): WholeVisit;
  /** Why percentiles of all its calls together mean nothing; absent: they do mean something. */
  readonly noPercentiles?: string;
  /** Reads the file of a mode that takes one (its key `file`): the load with what it keeps of the file, and the times. Throws UserError. */
  readFile?(load: L, text: string, path: string): { readonly load: L; readonly times: readonly number[] };
  /** LoadGen's rules, if it is one of LoadGen's scenarios. */
  loadGen?(load: L): LoadGenRules;
}
