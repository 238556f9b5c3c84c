import type { Cell } from "../matrix/cell.ts";
import { CellBook } from "../run/cell-book.ts";
import type { RunInputs } from "../run/inputs.ts";
import { Visitor } from "../run/visit.ts";
import { roundOrder } from "../schedule/round-order.ts";
import { Steps } from "./gather.ts";
import type { NextStep } from "./next-step.ts";
import { type Search, type SearchOptions, searchOf } from "./search.ts";
import { searchKey, stepCell } from "./targets.ts";

/** A target with where its search stands. */
export interface TargetSearch {
  readonly target: Cell;
  readonly search: Search;
  /** Cells of its steps, and the time that its calls took. */
  readonly cells: readonly Cell[];
  readonly seconds: number;
}

/** How far all searches are, before each step. */
export interface CapacityStatus {
  readonly searches: readonly TargetSearch[];
  /** Whose step comes next, and what it is. */
  readonly now: Cell;
  readonly next: NextStep;
  readonly secondsLeft: number;
}

/** What the searches of a run need besides what every run needs. */
export interface CapacityInputs {
  readonly targets: readonly Cell[];
  readonly options: (target: Cell) => Omit<SearchOptions, "sinceRound">;
  /** What is asked of every search, as a fraction of its capacity. */
  readonly precision: number;
  /** The load mode of the steps at a rate. */
  readonly mode: string;
  readonly timeoutMs: number | undefined;
  /** From now on: an earlier session's time does not count. */
  readonly budgetMs: number | null;
  /** What earlier sessions of the run made; absent: this is the first. */
  readonly earlier?: { readonly cells: readonly Cell[]; readonly steps: Steps };
  /** Keeps a step's cell with the run, before its first call. */
  keep(cell: Cell): Promise<void>;
  onStatus(status: CapacityStatus): void;
}

/**
 * Searches all targets, a step of each in every round, so that what the machines do meanwhile falls on all alike. Ends when every search has
 * ended, or when no step fits into the budget any more. Goes on after the steps of earlier sessions; one that was cut short is made again.
 */
export async function findCapacities(inputs: RunInputs, capacity: CapacityInputs): Promise<TargetSearch[]> {
  const { cells: before, steps } = capacity.earlier ?? { cells: [], steps: new Steps() };
  const leadIns = new Map<string, number>();
  const startedAt = inputs.now();
  const observed: RunInputs = {
    ...inputs,
    leadIn: (cell) => leadIns.get(cell.id) ?? 0,
    record(record) {
      steps.add(record);
      inputs.record(record);
    },
  };
  const book = new CellBook({ ...observed, cells: [] });
  const visitor = new Visitor(observed, book);
  const cells = new Map(capacity.targets.map(({ id }) => [id, before.filter((cell) => searchKey(cell) === id)]));
  const taken = new Set(before.map((cell) => cell.id));
  const stand = (target: Cell): TargetSearch => {
    const own = cells.get(target.id) ?? [];
    const made = steps.of(own);
    const search = searchOf(made, { ...capacity.options(target), sinceRound: inputs.firstRound });
    return { target, cells: own, search, seconds: made.reduce((sum, step) => sum + step.seconds, 0) };
  };
  const leftMs = () => (capacity.budgetMs ?? Infinity) - (inputs.now() - startedAt);
  const makeStep = async (target: Cell, next: NextStep, round: number) => {
    const cell = stepCell(target, next, capacity.mode, taken, capacity.timeoutMs);
    leadIns.set(cell.id, next.leadIn);
    if (!taken.has(cell.id)) {
      taken.add(cell.id);
      cells.get(target.id)?.push(cell);
      await capacity.keep(cell);
    }
    book.add(cell);
    // A closed loop shows whether what could not be reached can be again.
    if (next.ratePerSecond === undefined) visitor.tryAgain();
    await visitor.visit(cell, round);
    if (!steps.has(cell, round)) book.fail(cell, round, NOTHING);
  };

  for (let round = inputs.firstRound; ; round++) {
    let made = 0;
    for (const target of roundOrder(capacity.targets, inputs.seed, round, ...(inputs.blocks ?? []))) {
      const { next } = stand(target).search;
      if (next === undefined || expectedMs(next) > leftMs()) continue;
      const searches = capacity.targets.map(stand);
      const secondsLeft = Math.min(leftMs() / 1000, secondsToGo(searches, capacity.precision));
      capacity.onStatus({ searches, now: target, next, secondsLeft });
      await makeStep(target, next, round);
      made++;
    }
    if (made === 0) return capacity.targets.map(stand);
  }
}

/** Of a visit of which nothing was recorded: without it the same step would be made again and again. */
const NOTHING = { code: "UNKNOWN", message: "no call was made", client: true } as const;

/** How long a step takes: at a rate so many calls of it, in a closed loop as long as it may. */
function expectedMs({ ratePerSecond, calls, leadIn, blockMs }: NextStep): number {
  return ratePerSecond === undefined ? blockMs : (1000 * (calls + leadIn)) / ratePerSecond;
}

/** A search that has not begun, by those that were seen. */
const TYPICAL_SECONDS = 150;
const MOST_SECONDS = 1200;

/**
 * About how long all searches still take. What is known of a capacity grows with the time that was spent on it, and the variance goes with
 * one over that time.
 */
function secondsToGo(searches: readonly TargetSearch[], asked: number): number {
  return searches.reduce((sum, { search, seconds }) => {
    if (search.next === undefined) return sum;
    const reached = search.capacity.precision;
    if (reached === null) return sum + TYPICAL_SECONDS;
    const left = Math.min(MOST_SECONDS, seconds * ((reached / asked) ** 2 - 1));
    return sum + Math.max(expectedMs(search.next) / 1000, left);
  }, 0);
}
