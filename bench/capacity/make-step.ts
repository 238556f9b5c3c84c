import type { Cell } from "../matrix/cell.ts";
import { CellBook } from "../run/cell-book.ts";
import type { RunInputs } from "../run/inputs.ts";
import { Visitor } from "../run/visit.ts";
import { Steps, type TimedStep } from "./gather.ts";
import type { NextStep } from "./next-step.ts";
import { searchKey, stepCell } from "./targets.ts";

/** What the steps of a run's searches need besides what every run needs. */
export interface StepInputs {
  readonly targets: readonly Cell[];
  /** The load mode of the steps at a rate. */
  readonly mode: string;
  readonly timeoutMs: number | undefined;
  /** What earlier sessions of the run made; absent: this is the first. */
  readonly earlier?: { readonly cells: readonly Cell[]; readonly steps: Steps };
  /** Keeps a step's cell with the run, before its first call. */
  keep(cell: Cell): Promise<void>;
}

/** Makes the steps of searches, each by a visit to a cell of its own, and knows those that were made. */
export class StepMaker {
  readonly #inputs: StepInputs;
  readonly #steps: Steps;
  readonly #book: CellBook;
  readonly #visitor: Visitor;
  readonly #leadIns = new Map<string, number>();
  /** Of each target, and ids of all. */
  readonly #cells: Map<string, Cell[]>;
  readonly #taken: Set<string>;

  constructor(run: RunInputs, inputs: StepInputs) {
    const { cells, steps } = inputs.earlier ?? { cells: [], steps: new Steps() };
    const observed: RunInputs = {
      ...run,
      leadIn: (cell) => this.#leadIns.get(cell.id) ?? 0,
      record(record) {
        steps.add(record);
        run.record(record);
      },
    };
    this.#inputs = inputs;
    this.#steps = steps;
    this.#book = new CellBook({ ...observed, cells: [] });
    this.#visitor = new Visitor(observed, this.#book);
    this.#cells = new Map(inputs.targets.map(({ id }) => [id, cells.filter((cell) => searchKey(cell) === id)]));
    this.#taken = new Set(cells.map((cell) => cell.id));
  }

  /** The steps of a target, first to last, and their cells. */
  of(target: Cell): { readonly cells: readonly Cell[]; readonly steps: readonly TimedStep[] } {
    const cells = this.#cells.get(target.id) ?? [];
    return { cells, steps: this.#steps.of(cells) };
  }

  /** Makes a step. Of a visit of which nothing was recorded, a failure is: without it the same step would be made again and again. */
  async make(target: Cell, next: NextStep, round: number): Promise<void> {
    const { mode, timeoutMs } = this.#inputs;
    const cell = stepCell(target, next, mode, this.#taken, timeoutMs);
    this.#leadIns.set(cell.id, next.leadIn);
    if (!this.#taken.has(cell.id)) {
      this.#taken.add(cell.id);
      this.#cells.get(target.id)?.push(cell);
      await this.#inputs.keep(cell);
    }
    this.#book.add(cell);
    // A closed loop shows whether what could not be reached can be again.
    if (next.ratePerSecond === undefined) this.#visitor.tryAgain();
    await this.#visitor.visit(cell, round);
    if (!this.#steps.has(cell, round))
      this.#book.fail(cell, round, { code: "UNKNOWN", message: "no call was made", client: true });
  }
}
