/*
 * What a race is given, what it keeps, and what it says. All of it is plain data that can be written as JSON, so a race whose process was
 * killed goes on from the last saved state.
 */

/** A value for each knob, by the names that the server kind gives to its knobs. */
export type Settings = Readonly<Record<string, string | number>>;

/** One combination of knobs' values. */
export interface Arm {
  readonly id: string;
  readonly settings: Settings;
  /** Whether these are the rule's settings. Exactly one arm of a race is the rule. */
  readonly isRule: boolean;
}

/** What is improved. `cost`: the server's CPU seconds for an answered call. */
export type Objective =
  | { readonly kind: "throughput" }
  | { readonly kind: "latency" }
  | { readonly kind: "cost" }
  | {
      readonly kind: "percentile";
      /** 99 for p99. */
      readonly percentile: number;
      readonly boundMs: number;
      /** Calls are due at this rate. */
      readonly ratePerSecond: number;
    };

/** What a visit to an arm showed. Warm-up calls and the first after a thaw are not in it. */
export interface Block {
  /** The arm's id. */
  readonly arm: string;
  /** Of the answered calls, in no order. */
  readonly latenciesMs: readonly number[];
  readonly answeredPerSecond: number;
  /** Calls that got no answer or a wrong one. */
  readonly failures: number;
  /** The whole visit with start, thaw and warm-up: what it takes from the budget. */
  readonly seconds: number;
  /** CPU seconds of the server for the answered calls; needed for the objective `cost`. */
  readonly cpuSeconds?: number;
  /** Why the server was killed or answers no more. The arm is then out. */
  readonly killed?: string;
}

/** How long a race may take. */
export interface Budget {
  /** Seconds of all its visits (`Block.seconds`) together. */
  readonly seconds: number;
}

/**
 * Why visits are made: to find the best arm, to confirm it, to see what a restart of the winner's server does, to see which knobs
 * matter, or to visit every arm. A confirmation has blocks of its own (the winner's curse).
 */
export type Purpose = "race" | "confirm" | "restart" | "explain" | "grid";

/** What is kept of one arm's visit. */
export interface Visit {
  readonly arm: string;
  /** The logarithm of the objective; larger is better. Null: too few calls were answered. */
  readonly score: number | null;
  readonly medianMs: number | null;
  readonly answeredPerSecond: number;
  readonly calls: number;
  readonly failures: number;
  readonly seconds: number;
  readonly killed?: string;
}

/** Visits to several arms in a row, in random order. The rule is among them, except in blocks that explain knobs. */
export interface PairedBlock {
  readonly purpose: Purpose;
  /** The arms' ids in the order in which they are visited. */
  readonly order: readonly string[];
  readonly visits: readonly Visit[];
}

/** All that a race knows. `next`, `statuses` and `outcome` follow from it. */
export interface RaceState {
  readonly schema: "lathe-race/1";
  readonly arms: readonly Arm[];
  readonly objective: Objective;
  readonly seed: number;
  readonly budget: Budget;
  /** A grid: every arm is visited once in each of so many rounds. Absent: a race, which chooses its arms. */
  readonly rounds?: number | undefined;
  /** Whole blocks, oldest first. */
  readonly blocks: readonly PairedBlock[];
  /** The block that is being measured. */
  readonly open: PairedBlock | null;
}

/** The arms to be visited next, in this order. Each visit is given to `observe`. */
export type Next =
  | {
      readonly kind: "block" | "confirm" | "restart";
      readonly arms: readonly string[];
      /** The arm whose server is to be started anew before these visits. */
      readonly restart?: string;
    }
  | { readonly kind: "done" };

/** How many times as good as the rule an arm is (more calls, less time), with the interval. Null: it is not known. */
export interface Gain {
  readonly ratio: number;
  readonly interval: { readonly low: number; readonly high: number } | null;
}

/** What is known of an arm. */
export interface ArmStatus {
  readonly arm: Arm;
  readonly state: "untried" | "left" | "dropped" | "killed" | "winner";
  /** Over the rule. A race's interval holds however often one looks, a grid's for all arms together. */
  readonly gain: Gain | null;
  /** Its visits. */
  readonly blocks: number;
  /** The geometric mean of its visits' medians. */
  readonly medianMs: number | null;
  /** The mean of its visits. */
  readonly answeredPerSecond: number | null;
  /** If it was dropped or killed: after which block, and why, in words. */
  readonly out?: { readonly afterBlock: number; readonly why: string };
}

/** What one knob does while all others stay as one arm has them. */
export interface KnobEffect {
  readonly knob: string;
  /** That arm's id: the winner; or the rule, if there is no winner or no arm differs from it in this knob alone. */
  readonly at: string;
  /** `none`: no other value differs by 3 %. `open`: the measurements allow more than one answer. */
  readonly effect: "some" | "none" | "open";
  /** Why it is open, or why there is no interval, in words. */
  readonly why?: string;
  /** The value that differs most from that arm's, for better or worse; null: no other value was measured. */
  readonly most: (Gain & { readonly better: string | number; readonly worse: string | number }) | null;
}

/** Whether an arm's percentile is under the objective's bound. `open`: the interval has the bound in it. */
export type UnderBound = "holds" | "breaks" | "open";

/** An arm and its gain over the rule. */
export interface Best {
  readonly arm: string;
  readonly gain: Gain;
}

/** The answer. Gains are of the fresh blocks alone, where there are some. `best`: the arm that came nearest. */
export type Found =
  | (Best & {
      readonly kind: "winner";
      /** 0: a grid, which has none. */
      readonly freshBlocks: number;
      /** Of a grid: among so many settings it is the best, and its interval allows for that. */
      readonly bestOf?: number;
      /** How many times as good the winner is after its server was started anew. */
      readonly restarted: Gain | null;
    })
  /** Nothing beats the rule by 3 %. */
  | { readonly kind: "as-good"; readonly best: Best | null }
  | { readonly kind: "inconclusive"; readonly why: string; readonly best: Best | null };

/** What a race or grid found. */
export type Outcome = Found & {
  readonly knobs: readonly KnobEffect[];
  readonly secondsUsed: number;
  /** Of the objective `percentile`: whether the rule is under the bound, and the winner. */
  readonly underBound?: { readonly rule: UnderBound; readonly winner?: UnderBound };
};
