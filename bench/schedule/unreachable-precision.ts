import type { Cell } from "../matrix/cell.ts";
import { type Limits, MIN_VISITS, limitsFor } from "../matrix/limits.ts";

/** Why no precision can end a cell, by its limits alone: words that follow on "because"; undefined if one can. */
export function outOfReach({ precision, requests, minRequests, blockRequests }: Limits): string | undefined {
  if (precision === null) return undefined;
  if (requests < minRequests) return `it takes ${minRequests} calls (minRequests), and a cell has ${requests} at most`;
  // A visit to a slow model makes fewer calls than a block has; none makes more.
  const visits = Math.ceil(requests / blockRequests);
  return visits < MIN_VISITS
    ? `it takes ${MIN_VISITS} visits, and ${requests} calls in blocks of ${blockRequests} are made in ${visits}`
    : undefined;
}

/** Notes for people, before a run and with its plan, on cells that cannot become as precise as they are asked to be. */
export function reachNotes(cells: readonly Cell[], run: Limits): string[] {
  const found = cells.flatMap((cell) => {
    const limits = limitsFor(run, cell.limits);
    const why = outOfReach(limits);
    return why === undefined ? [] : [{ why, asked: limits.precision ?? NaN }];
  });
  const groups = Map.groupBy(found, ({ why, asked }) => `a precision of ${percent(asked)}: ${why}`);
  return [...groups].map(
    ([words, own]) =>
      `${own.length === cells.length ? "No cell" : `${own.length} of ${cells.length} cells: none`} can reach ${words}. Ask for more ` +
      "calls (--requests), or for none (--precision none); the report says how precise each cell became.",
  );
}

/** A share for people: `2 %`, `0.25 %`, `140 %`. */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
