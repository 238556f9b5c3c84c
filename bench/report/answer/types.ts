import type { Slo } from "../../matrix/experiments/threshold.ts";
import type { LoadFigures } from "../../stats/load/figures.ts";
import type { LoadGenResult } from "../../stats/load/loadgen.ts";
import type { Untold } from "../../stats/load/untold.ts";
import type { Doubt, Interval, RatioEstimate } from "../../stats/math/estimate.ts";
import type { Levels } from "../../stats/effects/design.ts";
import type { Tone } from "../blocks.ts";

/*
 * What a run found, once, for whoever shows it: the first screen of the page, the terminal's summary, a CI's summary. All texts
 * are plain and fit on a line or two; milliseconds are numbers, so each medium formats them itself.
 */

/** How sure an answer is. `high`: the 95 % intervals of all comparisons together say so; otherwise `inconclusive`. */
export type Confidence = "high" | "inconclusive";

/** One place and protocol: a field of the heat map. */
export interface PlaceRow {
  /** Its level on every axis but model and image. */
  readonly levels: Levels;
  /** Where, in words: `client → cloud`; levels on further axes (a load) follow after a comma. */
  readonly place: string;
  /** `gRPC`; `gRPC (probe)` where the run has several client kinds of one protocol. */
  readonly protocol: string;
  /**
   * Geometric mean over the images of the cells' medians; null where none was measured. Of rows that are compared it is what the
   * comparison is made with: the same images for all, outliers set aside.
   */
  readonly medianMs: number | null;
  /** Of `medianMs`, 95 %; null where the data give none. */
  readonly interval: Interval | null;
  /** Why that interval is less sure than its visits say, or is not there. */
  readonly doubt?: Doubt;
  /** Whether it takes part in the comparison of places and protocols for its model. */
  readonly compared: boolean;
  /** The fastest measured of those that are compared. */
  readonly best: boolean;
  /** `best`, or nothing in these data says that `best` is faster. */
  readonly maybeBest: boolean;
  /** Cells with calls, cells that failed, and cells planned. */
  readonly measured: number;
  readonly failed: number;
  readonly planned: number;
}

/** A model at every place and protocol. */
export interface ModelFinding {
  readonly model: string;
  /** Answers a constant: its latency is that of protocol and wire alone. It has no best. */
  readonly isNull: boolean;
  /** Random weights: the time alone is real. */
  readonly timingOnly: boolean;
  readonly rows: readonly PlaceRow[];
  /** Whether `best` is the fastest for certain; undefined where nothing was compared. */
  readonly confidence?: Confidence;
  /** `cloud + gRPC`, `cloud or client + gRPC` where that is open; undefined where nothing was compared. */
  readonly fastest?: string;
  /** The second: `client + gRPC takes 1.20 times as long (0.77 to 1.87)`. */
  readonly next?: string;
  /** The command that would settle it, where it is inconclusive. */
  readonly settle?: string;
}

/** The answer to one question. No two answers of a run contradict each other: where models differ, each has its own. */
export interface FindingAnswer {
  /** `Machine`, `Protocol for ssd-mobilenet`, `Machine for local calls`. */
  readonly question: string;
  /** `gRPC`; `cloud or client` where it is open between them. */
  readonly answer: string;
  readonly confidence: Confidence;
  /** `REST takes 1.16 times as long (1.12 to 1.21)`: the ratios with 95 % intervals that hold together. */
  readonly compared: string;
  /** What limits it: `inconclusive for rfcn-resnet101 alone`; empty where nothing does. */
  readonly limit: string;
  /** What so few rounds cannot tell of a comparison of machines; empty if it compares none, or there are enough. */
  readonly doubt: string;
  /** The cause as far as it was recorded (payload, quota, network, compute), in a line; empty where nothing tells it. */
  readonly why: string;
  /** The command that would settle it; absent where it is settled, or no sensible run would. */
  readonly settle?: string;
}

/** What was measured, in numbers. */
export interface Extent {
  readonly run: string;
  readonly cells: number;
  /** Cells with calls that went well; cells that failed; cells that no call was made in. */
  readonly measured: number;
  readonly failed: number;
  readonly missing: number;
  /** Measured calls that went well, and that failed. */
  readonly calls: number;
  readonly failedCalls: number;
  /** Fewest and most visits of a measured cell. */
  readonly visits: readonly [fewest: number, most: number];
  /** From the first call to the last visit's end; null where records do not say. */
  readonly seconds: number | null;
}

/** What a run found. */
export interface Finding {
  /** The finding with its milliseconds, in one line. */
  readonly title: string;
  /** Whether the title is certain; undefined where it compares nothing. */
  readonly confidence?: Confidence;
  /** In the run's order, models that answer a constant last. */
  readonly perModel: readonly ModelFinding[];
  readonly answers: readonly FindingAnswer[];
  /** Up to three sentences: why the fastest is the fastest, and where its time goes. */
  readonly why: readonly string[];
  /** What was found beside the answers: what a distance costs, and places whose calls have several speeds, one entry for each cause. */
  readonly notable: readonly Notable[];
  /** Cells under load (at a rate, or several calls at a time), images pooled: rates, quantiles, errors. */
  readonly loads: readonly Pooled[];
  readonly caveats: readonly Caveat[];
  readonly where: Extent;
  /** What to type next: what completes this run, or settles its first open question; undefined where nothing is open. */
  readonly next?: string;
}

/** Something found that no question asks for. */
export interface Notable {
  /** Where and what, in a few words: `edge → edge, gRPC, ssd-mobilenet: 2 speeds, 60.0 and 89.4 ms`. */
  readonly short: string;
  /** The same as a sentence, and the likely cause as another. */
  readonly whole: string;
  readonly cause: string;
}

/** Something a reader must know beside the numbers: few words for a strip, and the whole for who unfolds it. */
export interface Caveat {
  readonly short: string;
  readonly whole: string;
  /** `bad`: numbers are missing or wrong; `unsure`: they are to be read with care. */
  readonly tone: Extract<Tone, "bad" | "unsure">;
}

/** What of a load is no latency. */
export interface LoadedFigures extends LoadFigures {
  /** The SLO that goodput is of; absent: none was named. */
  readonly slo?: Slo;
  /** Times as long as one call at a time; null where that was not measured, too. */
  readonly over: RatioEstimate | null;
  /** Share of a processor that the client used, without waiting for the time of calls. */
  readonly clientCpu: number | null;
  /** Processors that the server used on average; share of its quota's periods in which it had to wait; its memory at most, bytes. */
  readonly serverCpu: number | null;
  readonly throttled: number | null;
  readonly memoryBytes: number | null;
  /** Share of the server machine's processors that its hypervisor gave to others. */
  readonly stolen: number | null;
  /** Requests that waited in the server's own queue, on average. */
  readonly queue: number | null;
}

/** The calls of some cells that differ in their image alone, together. */
export interface Pooled {
  /** Its level on every axis but the image. */
  readonly levels: Levels;
  readonly place: string;
  readonly protocol: string;
  readonly model: string;
  /** `5/s`, `x4`, `one by one`. */
  readonly load: string;
  readonly calls: number;
  readonly visits: number;
  /**
   * Quantiles of all calls; null where the calls cannot carry them (72 for p95, 368 for p99; under load `TAIL_RULE`), or where
   * `untold` says why there are none.
   */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** Under load: the intervals of those that are told. */
  readonly intervals?: Readonly<Partial<Record<"p50Ms" | "p95Ms" | "p99Ms", Interval>>>;
  /** Under load: the lowest quantile that the calls are too few for, in words, with the seconds that it takes where that is known. */
  readonly tooShort?: string;
  readonly maxMs: number | null;
  /** Calls that failed. */
  readonly errors: number;
  /** Calls a second that an open loop at one rate asks for, and answers a second under load; null elsewhere or where not recorded. */
  readonly askedPerSecond: number | null;
  readonly achievedPerSecond: number | null;
  /** The server did not keep the rate in at least one of these cells. */
  readonly behind: boolean;
  /** Of cells under load: what is no latency, and what was seen of client and server meanwhile; absent where nothing was recorded. */
  readonly figures?: LoadedFigures;
  /** Why there are no latencies: no good generator, a server that fell behind, a load that has none. */
  readonly untold?: Untold;
  /** Of MLPerf LoadGen's scenarios: what LoadGen would report. */
  readonly loadGen?: LoadGenResult;
}
