/** What a call's whole is made of. `lateMs`: of an open loop, from when it was due until it began; null in closed loops. */
export const PHASES = ["lateMs", "encodeMs", "sendMs", "waitMs", "receiveMs", "decodeMs"] as const;
export type Phase = (typeof PHASES)[number];

/** Shortest time whose logarithm counts, milliseconds: clocks are no finer, and one that says 0 means less than its step. */
export const FLOOR_MS = 1e-3;

/** The logarithm of a latency. */
export const logOfMs = (ms: number): number => Math.log(Math.max(FLOOR_MS, ms));

/** One visit to a cell: its measured calls that succeeded, made one after the other in one round. */
export interface Visit {
  readonly round: number;
  readonly n: number;
  readonly medianMs: number;
  readonly meanMs: number;
  /** Mean of each phase over the visit's calls; null if the client cannot see it. */
  readonly phaseMeansMs: Readonly<Record<Phase, number | null>>;
  /** When its first call began: the client machine's wall clock, milliseconds since 1970. For reading, not for arithmetic with latencies. */
  readonly at?: number;
  /** From the begin of its first call to the end of its last one, and how long the client's garbage collection stopped it. */
  readonly spanMs?: number;
  readonly gcMs?: number;
  /** What the server's own clock says of these very calls; absent where it was not read. */
  readonly server?: ServerMeans | ServerUnknown;
  /** Of cells under load: its calls one by one, in the order of `totalsMs`. */
  readonly calls?: LoadedCalls;
  /** What the client's process used, lead-in included, ms; absent in records from before it was read. */
  readonly client?: { readonly cpuMs: number; readonly spunMs: number; readonly stealMs: number | null };
  /** As `VisitRecord` has it. */
  readonly backlogCalls?: number;
  /** How long requests waited in the server's own queue meanwhile, summed over them, lead-in included, ms; absent where it does not tell. */
  readonly queueMs?: number;
}

/** The calls of a visit under load. */
export interface LoadedCalls {
  /** When each was due, from the begin of the visit's load on; of a closed loop, when it began. */
  readonly dueMs: Float64Array;
  /** How long the client itself let each wait; NaN where it was due when the client came to it. */
  readonly lagMs: Float64Array;
  /** Which query each is part of; -1: none. */
  readonly query: Int32Array;
}

/** Means over a visit's calls by the server's own clock, milliseconds. */
export interface ServerMeans {
  /** From when the protocol's library handed the request over until the answer was handed back. */
  readonly requestMs: number;
  /** The model's own run; null if the server counted other runs of it, too. */
  readonly runMs: number | null;
  /** Sums are printed with so many digits that a mean is good to this. */
  readonly stepMs: number;
}

/** Why a server's clock says nothing of a visit's calls alone. `others`: it answered other calls meanwhile. */
export interface ServerUnknown {
  readonly unknown: "others" | "unread";
}

/**
 * The measured calls of one cell, kept small: eight bytes a call and a row a visit, so that a run of a million records
 * fits. A visit is the unit of everything inferred here, because the calls of one visit share the state of machine,
 * caches and network and are not independent; visits of different rounds are far apart in time.
 */
export interface CellData {
  readonly cell: string;
  /** Latencies in the order they were measured; `visits` says how many belong to each visit. */
  readonly totalsMs: Float64Array;
  readonly visits: readonly Visit[];
  readonly requestBytes: number | null;
  readonly responseBytes: number | null;
  /** Set where the last thing that happened in this cell was a failure. */
  readonly failure?: { readonly code: string; readonly message: string };
  /** What failed in this cell, whatever went well later; absent where nothing did. */
  readonly failed?: Failed;
  /** Measured calls that the client made a second time, because the server had not begun them; absent where there is none. */
  readonly retried?: number;
}

/** The visits whose time the clock saw. One whose calls all took 0 ms has no ratio to any other. */
export function timedVisits({ visits }: CellData): readonly Visit[] {
  return visits.filter((v) => v.medianMs > 0 && Number.isFinite(v.medianMs));
}

/** Whether a cell has a visit of which a time is known. */
export const isTimed = (data: CellData | undefined): boolean => data !== undefined && timedVisits(data).length > 0;

/** A cell's measured calls, visit by visit. */
export function callsByVisit({ totalsMs, visits }: CellData): readonly (readonly number[])[] {
  let from = 0;
  return visits.map(({ n }) => Array.from(totalsMs.subarray(from, (from += n))));
}

/** What went wrong in a cell, over all its sessions. The latencies beside it are of the calls that went well alone. */
export interface Failed {
  /** Measured calls that failed. */
  readonly calls: number;
  /** Visits that could not be made or go on. */
  readonly failures: number;
  /** Rounds in which either happened. */
  readonly visits: number;
  /** Rounds in which the cell was visited at all. */
  readonly tried: number;
  /** How often each code was met, of failed calls, and of failures without a failed call. */
  readonly codes: Readonly<Record<string, number>>;
}

/** What failed in a cell; all zero but `tried` where nothing did. */
export function failedOf({ failed, visits }: CellData): Failed {
  return failed ?? { calls: 0, failures: 0, visits: 0, tried: visits.length, codes: {} };
}
