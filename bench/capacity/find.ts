import type { Cell } from "../matrix/cell.ts";
import { CellBook } from "../run/cell-book.ts";
import type { RunInputs } from "../run/inputs.ts";
import { Visitor } from "../run/visit.ts";
import { roundOrder } from "../schedule/round-order.ts";
import { Steps } from "./gather.ts";
import { type NextStep, type Search, type SearchOptions, searchOf } from "./search.ts";
import { stepCell } from "./targets.ts";

/** A target with where its search stands. */
export interface TargetSearch {
  readonly target: Cell;
  readonly search: Search;
  /** Cells of its steps. */
  readonly cells: readonly Cell[];
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
  readonly options: (target: Cell) => SearchOptions;
  /** What is asked of every search, as a fraction of its capacity. */
  readonly precision: number;
  /** The load mode of the steps at a rate. */
  readonly mode: string;
  readonly timeoutMs: number | undefined;
  readonly budgetMs: number | null;
  /** Keeps a step's cell with the run, before its first call. */
  keep(cell: Cell): Promise<void>;
  onStatus(status: CapacityStatus): void;
}

/**
 * Searches all targets, a step of each in every round, so that what the machines do meanwhile falls on all alike. Ends when every search has
 * ended, or when no step fits into the budget any more.
 */
export async function findCapacities(inputs: RunInputs, capacity: CapacityInputs): Promise<TargetSearch[]> {
  const steps = new Steps();
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
  const cells = new Map(capacity.targets.map((target) => [target.id, [] as Cell[]]));
  const taken = new Set<string>();
  const stand = (target: Cell): TargetSearch => {
    const own = cells.get(target.id) ?? [];
    return { target, cells: own, search: searchOf(steps.of(own), capacity.options(target)) };
  };
  const leftMs = () => (capacity.budgetMs ?? Infinity) - (inputs.now() - startedAt);

  for (let round = inputs.firstRound; ; round++) {
    let made = 0;
    for (const target of roundOrder(capacity.targets, inputs.seed, round, ...(inputs.blocks ?? []))) {
      const { next } = stand(target).search;
      if (next === undefined || expectedMs(next) > leftMs()) continue;
      const searches = capacity.targets.map(stand);
      const secondsLeft = Math.min(
        leftMs() / 1000,
        secondsToGo(searches, capacity.precision, (inputs.now() - startedAt) / 1000),
      );
      capacity.onStatus({ searches, now: target, next, secondsLeft });
      const cell = stepCell(target, next, capacity.mode, taken, capacity.timeoutMs);
      taken.add(cell.id);
      leadIns.set(cell.id, next.leadIn);
      await capacity.keep(cell);
      cells.get(target.id)?.push(cell);
      book.add(cell);
      await visitor.visit(cell, round);
      made++;
    }
    if (made === 0) return capacity.targets.map(stand);
  }
}

/** How long a step takes: at a rate so many calls of it, in a closed loop as long as it may. */
function expectedMs({ ratePerSecond, calls, leadIn, blockMs }: NextStep): number {
  return ratePerSecond === undefined ? blockMs : (1000 * (calls + leadIn)) / ratePerSecond;
}

/** A search that has not begun, by those that were seen. */
const TYPICAL_SECONDS = 150;

/**
 * About how long all searches still take. What is known of a capacity grows with the time that was spent on it, and the variance goes with
 * one over that time.
 */
export function secondsToGo(searches: readonly TargetSearch[], asked: number, secondsSoFar: number): number {
  const each = secondsSoFar / Math.max(1, searches.filter((s) => s.cells.length > 0).length);
  return searches.reduce((sum, { search }) => {
    if (search.next === undefined) return sum;
    const reached = search.capacity.precision;
    if (reached === null) return sum + TYPICAL_SECONDS;
    return sum + Math.max(expectedMs(search.next) / 1000, Math.min(1200, each * ((reached / asked) ** 2 - 1)));
  }, 0);
}
