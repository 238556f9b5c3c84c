import type { Cell } from "../matrix/cell.ts";
import { whatFits } from "../schedule/budget.ts";
import { remaining, visitTimes } from "../schedule/remaining.ts";
import { roundOrder } from "../schedule/round-order.ts";
import { CellBook, type CellEnd } from "./cell-book.ts";
import type { RunInputs } from "./inputs.ts";
import { Visitor } from "./visit.ts";

/**
 * Runs the matrix in rounds: each round visits every cell that still lacks calls once, in an order shuffled by the seed; where
 * the budget is short, as many of them as `whatFits` finds time for.
 * A visit that fails ends its cell (the reason is recorded) and the others go on. A connection that cannot be opened, or
 * a client machine that cannot be reached, fails the cells that need it without trying again for each of them.
 *
 * @returns how each cell ended
 * @throws what `record` or `answer` threw, after the visit that was under way
 */
export async function runMatrix(inputs: RunInputs): Promise<Map<string, CellEnd>> {
  const book = new CellBook(inputs);
  const visitor = new Visitor(inputs, book);
  const visitMs = new Map<Cell, number>();
  const hasCalls = (cell: Cell) => book.count(cell) > 0;
  const budgetLeft = budgetOf(inputs);
  const startedAt = inputs.now();
  const blocks = inputs.blocks ?? [];

  const report = (cell: Cell, restOfRound: readonly Cell[]) => {
    const left = remaining(
      restOfRound,
      book.open(),
      (c) => book.count(c),
      (c) => book.limitsOf(c),
      visitMs,
    );
    inputs.onStatus({
      cells: inputs.cells.length,
      reached: inputs.cells.filter((c) => hasCalls(c) || book.ends.get(c.id) === "failed").length,
      secondsDone: (inputs.now() - startedAt) / 1000,
      secondsLeft: Math.max(0, Math.min(left.ms, Math.max(budgetLeft(), left.thisRoundMs))) / 1000,
      cell,
      failedCells: [...book.ends.values()].filter((e) => e === "failed").length,
    });
  };

  for (let round = inputs.firstRound; book.open().length > 0; round++) {
    const shuffled = roundOrder(book.open(), inputs.seed, round, ...blocks);
    const order = whatFits(shuffled, hasCalls, visitTimes(visitMs), budgetLeft());
    if (order.length === 0) {
      for (const cell of shuffled) book.end(cell, round, "budget");
      break;
    }
    for (const [index, cell] of order.entries()) {
      if (budgetLeft() <= 0 && hasCalls(cell)) continue;
      const before = inputs.now();
      await visitor.visit(cell, round);
      visitMs.set(cell, inputs.now() - before);
      report(cell, order.slice(index + 1));
    }
  }
  return book.ends;
}

/** Milliseconds until the budget is used up, from now on; Infinity where there is none. */
function budgetOf(inputs: RunInputs): () => number {
  const { budgetMs } = inputs.limits;
  const startedAt = inputs.now();
  return () => (budgetMs === null ? Infinity : budgetMs - (inputs.now() - startedAt));
}
