import { z } from "zod";
import type { CallResult } from "../../clients/client.ts";

/** How a cell is loaded: the name of a mode, and what it takes. Each mode's own schema says what (`bench/loads/registry.ts`). */
export const Load = z.looseObject({ mode: z.string() });
export type Load = z.infer<typeof Load>;

/** Time as the modes see it; replaced in tests. Milliseconds, monotonic. */
export interface Clock {
  now(): number;
  /** Resolves at `at` or a little later. */
  until(at: number): Promise<void>;
}

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
  /** Measured calls at most. */
  readonly calls: number;
  /** Calls before the measured ones, see `LoadMode.leadIn`. */
  readonly leadIn: number;
  /** No call is begun, or due, once the measured part has run this long; its first is made in any case. */
  readonly blockMs: number;
}

/** A load mode: one file, and one line in `bench/loads/registry.ts`. */
export interface LoadMode<L extends Load = Load> {
  /** The benchmarking world's name: `closed-loop`, `constant-rate`. */
  readonly mode: L["mode"];
  readonly schema: z.ZodType<L>;
  /** A sentence for the docs. */
  readonly about: string;
  /** The loads that an experiment's keys ask for; empty where they ask for none of this mode. */
  fromExperiment(keys: { readonly concurrency?: readonly number[] | undefined; readonly ratePerSecond?: readonly number[] | undefined }): L[];
  /** For tables and ids: `x4`, `10/s`; of the paper's load, one call after the other, `one by one`. */
  title(load: L): string;
  /** Whether it is the paper's: one call after the other. Models of latency are of such cells alone. */
  isPlain(load: L): boolean;
  /** Connections that the calls need. */
  connections(load: L): number;
  /** Calls at the load before the measured ones, so that they do not find an idle server. */
  leadIn(load: L, block: { readonly requests: number; readonly ms: number }): number;
  /** How long so many calls take that take `callMs` each, milliseconds. */
  expectedMs(load: L, calls: number, callMs: number): number;
  /**
   * Makes a visit's calls. No call is begun after one has failed.
   *
   * @param call makes one on the connection of that number, from 0
   * @param done is told of each call as it ends
   */
  run(
    load: L,
    plan: LoadPlan,
    call: (connection: number) => Promise<CallResult>,
    done: (call: LoadCall) => void,
    clock: Clock,
  ): Promise<void>;
}
