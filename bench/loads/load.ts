import { z } from "zod";
import type { CallResult } from "../../clients/client.ts";
import type { Clock } from "./clock.ts";

/** How a cell is loaded: the name of a mode, and what it takes. Each mode's own schema says what (`bench/loads/registry.ts`). */
export const Load = z.looseObject({ mode: z.string() });
export type Load = z.infer<typeof Load>;

/** The keys of an experiment that say how it is loaded, each with the values that it asks for. */
export type LoadKeys = Readonly<Record<string, readonly number[] | undefined>>;

/** One call of a mode: how it went, when it began, and when it was due where the mode says so. */
export interface LoadCall {
  readonly result: CallResult;
  readonly startAt: number;
  readonly intendedAt: number | null;
  /** Made before the measured ones, as they are made. */
  readonly leadIn: boolean;
}

/** What a visit allows a mode. */
export interface LoadPlan {
  /** Measured calls at most, and calls before them: see `LoadMode.leadIn`. */
  readonly calls: number;
  readonly leadIn: number;
  /** No call is begun, or due, once the measured part has run this long; its first is made in any case. Milliseconds. */
  readonly blockMs: number;
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
  readonly schema: z.ZodType<L>;
  /** The keys of an experiment that it reads, and what one value of each may be. Modes may share a key. */
  readonly keys: Readonly<Record<string, z.ZodType<number>>>;
  /** The loads that an experiment's keys ask for; empty if they ask for none of this mode. */
  fromExperiment(keys: LoadKeys): L[];
  /** For tables and ids: `x4`, `10/s`; of the paper's load, one call after the other, `one by one`. */
  title(load: L): string;
  /** Whether it is the paper's: one call after the other. Models of latency are of such cells alone. */
  isPlain(load: L): boolean;
  connections(load: L): number;
  /** Calls at the load before the measured ones, so that they do not find an idle server. */
  leadIn(load: L, block: { readonly requests: number; readonly ms: number }): number;
  /** How long `calls` take at `callMs` each, in milliseconds. With 0: how long the load itself makes them last. */
  expectedMs(load: L, calls: number, callMs: number): number;
  /** Makes a visit's calls. No call is begun after one has failed. */
  run(load: L, plan: LoadPlan, tools: LoadTools): Promise<void>;
}
