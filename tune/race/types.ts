/*
 * The words of a race: what its caller gives it, and what it says. Everything here is plain data that survives JSON, so a race
 * whose process was killed goes on from the state that was saved last.
 */

/** Values of knobs, by the server kind's own names. */
export type Settings = Readonly<Record<string, string | number>>;

/** One setting of the server that is tried. */
export interface Arm {
  readonly id: string;
  readonly settings: Settings;
  /** What the server has without tuning. Exactly one arm of a race is the rule. */
  readonly isRule: boolean;
}

/** What is better. `cost`: CPU seconds of the server for each answered call. */
export type Objective =
  | { readonly kind: "throughput" }
  | { readonly kind: "latency" }
  | { readonly kind: "cost" }
  | {
      readonly kind: "percentile";
      /** 99 for p99. */
      readonly percentile: number;
      readonly boundMs: number;
      /** Calls are due at this rate; whoever measures must keep it. */
      readonly ratePerSecond: number;
    };

/** What one arm did in one paired block. Warm-up calls and those after a thaw are left out. */
export interface Block {
  /** The arm's id. */
  readonly arm: string;
  /** Of the answered calls. */
  readonly latenciesMs: readonly number[];
  readonly answeredPerSecond: number;
  /** Calls that got no answer or a wrong one. */
  readonly failures: number;
  /** What the visit took altogether, with start, thaw and warm-up: the budget is charged with it. */
  readonly seconds: number;
  /** CPU seconds that the server used while the calls went on; needed for the objective `cost`. */
  readonly cpuSeconds?: number;
  /** Why the server was killed or did not answer any more: the arm is out, the race goes on. */
  readonly killed?: string;
}

/** What a race may take. */
export interface Budget {
  /** All visits of the race together, as `Block.seconds` counts them. */
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
  /** The logarithm of the objective, larger is better; null: there is none, because too few calls were answered. */
  readonly score: number | null;
  readonly medianMs: number | null;
  readonly answeredPerSecond: number;
  readonly calls: number;
  readonly failures: number;
  readonly seconds: number;
  readonly killed?: string;
}

/** Visits of several arms in a row, in random order; the rule is among them, unless they explain the knobs of a winner. */
export interface PairedBlock {
  readonly purpose: Purpose;
  /** The arms' ids in the order in which they are visited. */
  readonly order: readonly string[];
  readonly visits: readonly Visit[];
}

/** All that a race knows. `next`, `status` and `outcome` are functions of it. */
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

/** What is to be measured next: these arms, one after the other, in this order; each is handed to `observe`. */
export type Next =
  | {
      readonly kind: "block" | "confirm" | "restart";
      readonly arms: readonly string[];
      /** The server of this arm is to be started anew before. */
      readonly restart?: string;
    }
  | { readonly kind: "done" };

/** A ratio to the rule, above 1 where the arm is better (more calls, less time), and its interval. Null: not known. */
export interface Gain {
  readonly ratio: number;
  readonly interval: { readonly low: number; readonly high: number } | null;
}

/** How an arm stands. */
export interface ArmStatus {
  readonly arm: Arm;
  readonly state: "untried" | "left" | "dropped" | "killed" | "winner";
  /** Over the rule, from the blocks in which both were measured; the interval holds however often one looks at it. */
  readonly gain: Gain | null;
  readonly blocks: number;
  /** Medians over its visits. */
  readonly medianMs: number | null;
  readonly answeredPerSecond: number | null;
  /** Dropped or killed: after so many blocks of the race, and why, in words. */
  readonly out?: { readonly afterBlock: number; readonly why: string };
}

/** What one knob does, all others being those of one arm. */
export interface KnobEffect {
  readonly knob: string;
  /** The id of that arm: the winner; the rule where there is none, or where no arm differs from the winner in this knob alone. */
  readonly at: string;
  /** `none`: no value of it differs by 3 %. `open`: the measurements allow more than one answer. */
  readonly effect: "some" | "none" | "open";
  /** Why it is open, or why there is no interval, in words. */
  readonly why?: string;
  /** The value that makes the largest difference, either way; null: no other value was measured. */
  readonly most: (Gain & { readonly better: string | number; readonly worse: string | number }) | null;
}

/** Whether the percentile of an arm is under the bound of the objective. */
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
