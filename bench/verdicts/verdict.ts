import type { Interval } from "../stats/estimate.ts";
import type { Study } from "../stats/study.ts";

/** What data say to a conclusion. */
export type Outcome = "holds" | "does not hold" | "cannot tell";

/** A number that a conclusion is judged by, and what it is. */
export interface Effect {
  /** In words: `REST over gRPC, R-FCN`. */
  readonly label: string;
  /** Ratios count from 1, differences from 0. */
  readonly kind: "ratio" | "difference";
  readonly value: number;
  /** 95 %; null where the data give none. */
  readonly interval: Interval | null;
  readonly outcome: Outcome;
}

/** The judgement of a conclusion on one body of data. */
export interface Finding {
  readonly outcome: Outcome;
  /** What it rests on: it holds where every one of them does. Empty where the data have nothing to say. */
  readonly effects: readonly Effect[];
  /** What a reader must know beside the numbers. */
  readonly remarks: readonly string[];
}

/** A conclusion of the paper: how it is put to the test on a run, and on the paper's own numbers. */
export interface Conclusion {
  /** As in bench/paper/tables.json. */
  readonly id: string;
  /** What must be so for it to hold, in a sentence. */
  readonly test: string;
  judge(study: Study): Finding;
  judgePaper(): Finding;
}

/** An effect that supports its conclusion where it lies above where it counts from: its whole interval must. */
export function effectOf(label: string, kind: Effect["kind"], value: number, interval: Interval | null): Effect {
  const zero = kind === "ratio" ? 1 : 0;
  const outcome =
    interval === null
      ? "cannot tell"
      : interval.low > zero
        ? "holds"
        : interval.high < zero
          ? "does not hold"
          : "cannot tell";
  return { label, kind, value, interval, outcome };
}

/** An effect on a logarithm, as a ratio. */
export function logEffect(label: string, log: number, interval: Interval | null): Effect {
  return effectOf(
    label,
    "ratio",
    Math.exp(log),
    interval && { low: Math.exp(interval.low), high: Math.exp(interval.high) },
  );
}

/** All must hold; one that does not is enough against it. */
export function findingOf(effects: readonly Effect[], remarks: readonly string[] = []): Finding {
  const some = (outcome: Outcome) => effects.some((e) => e.outcome === outcome);
  const outcome = some("does not hold")
    ? "does not hold"
    : effects.length === 0 || some("cannot tell")
      ? "cannot tell"
      : "holds";
  return { outcome, effects, remarks };
}

/** Nothing to judge by, and why. */
export function cannotTell(reason: string): Finding {
  return findingOf([], [reason]);
}
