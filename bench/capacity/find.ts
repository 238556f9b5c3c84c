import type { Cell } from "../matrix/cell.ts";
import type { RunInputs } from "../run/inputs.ts";
import { roundOrder } from "../schedule/round-order.ts";
import { type TimedStep, secondsOf } from "./gather.ts";
import { type StepInputs, StepMaker } from "./make-step.ts";
import type { NextStep } from "./next-step.ts";
import { type Search, type SearchOptions, searchOf } from "./search.ts";

/** How far the search of a target is. */
export interface TargetSearch {
  readonly target: Cell;
  readonly search: Search;
  readonly steps: readonly TimedStep[];
  /** Cells of its steps. */
  readonly cells: readonly Cell[];
  /** The time that its calls took. */
  readonly seconds: number;
}

/** How far all searches are before a step. */
export interface CapacityStatus {
  readonly searches: readonly TargetSearch[];
  /** The step that comes now. */
  readonly now: Cell;
  readonly next: NextStep;
  readonly secondsLeft: number;
}

/** What the searches of a run need besides what every run needs. */
export interface CapacityInputs extends StepInputs {
  readonly options: (target: Cell) => Omit<SearchOptions, "sinceRound">;
  /** What is asked of every search, as a fraction of its capacity. */
  readonly precision: number;
  /** From now on: an earlier session's time does not count. */
  readonly budgetMs: number | null;
  onStatus(status: CapacityStatus): void;
}

/**
 * Searches all targets: a step of each in every round, so that what the machines do meanwhile falls on all alike. Ends when every search has
 * ended, or when no step fits into the budget any more. After earlier sessions it goes on behind their last whole steps.
 */
export async function findCapacities(inputs: RunInputs, capacity: CapacityInputs): Promise<TargetSearch[]> {
  const maker = new StepMaker(inputs, capacity);
  const startedAt = inputs.now();
  const stand = (target: Cell): TargetSearch => {
    const { cells, steps } = maker.of(target);
    const search = searchOf(steps, { ...capacity.options(target), sinceRound: inputs.firstRound });
    return { target, search, steps, cells, seconds: secondsOf(steps) };
  };
  const leftMs = () => (capacity.budgetMs ?? Infinity) - (inputs.now() - startedAt);
  for (let round = inputs.firstRound; ; round++) {
    let made = 0;
    for (const target of roundOrder(capacity.targets, inputs.seed, round, ...(inputs.blocks ?? []))) {
      const { next } = stand(target).search;
      if (next === undefined || expectedMs(next) > leftMs()) continue;
      const searches = capacity.targets.map(stand);
      const secondsLeft = Math.min(leftMs() / 1000, secondsToGo(searches, capacity.precision));
      capacity.onStatus({ searches, now: target, next, secondsLeft });
      await maker.make(target, next, round);
      made++;
    }
    if (made === 0) return capacity.targets.map(stand);
  }
}

/** How long a step takes, ms: at a rate as long as its calls are due, in a closed loop at most. */
function expectedMs({ ratePerSecond, calls, leadIn, blockMs }: NextStep): number {
  return ratePerSecond === undefined ? blockMs : (1000 * (calls + leadIn)) / ratePerSecond;
}

/** How long a search takes, before anything is known of it: as those that were seen. */
const TYPICAL_SECONDS = 150;
const MOST_SECONDS = 1200;

/** About how long all searches still take, seconds: the variance of what is known goes with one over the time that was spent. */
function secondsToGo(searches: readonly TargetSearch[], asked: number): number {
  return searches.reduce((sum, { search, seconds }) => {
    if (search.next === undefined) return sum;
    const reached = search.capacity.precision;
    if (reached === null) return sum + TYPICAL_SECONDS;
    const left = Math.min(MOST_SECONDS, seconds * ((reached / asked) ** 2 - 1));
    return sum + Math.max(expectedMs(search.next) / 1000, left);
  }, 0);
}
