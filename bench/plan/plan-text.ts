import { formatSeconds } from "../../lib/progress.ts";
import { formatTable } from "../../lib/table.ts";
import { count } from "../../lib/words.ts";
import { type Forecast, ROUGH } from "./forecast.ts";
import { AXES, type Axis } from "../matrix/axes.ts";
import { type Limits, MIN_VISITS, limitsFor } from "../matrix/limits.ts";
import type { PlannedMatrix } from "./plan-matrix.ts";

/** A planned matrix for people: its cells, their number, and how long they take. */
export function formatPlan(
  matrix: PlannedMatrix,
  run: Limits,
  estimate: Forecast,
  earlier: string | undefined,
  axes: readonly Axis[] = AXES,
): string {
  const rows = matrix.cells.map((c) => {
    const { precision, requests } = limitsFor(run, c.limits);
    const within = precision === null ? "none" : `${Number((100 * precision).toFixed(2))} %`;
    return [...axes.map((axis) => axis.levelTitle(axis.of(c))), `≤ ${requests}`, within];
  });
  const counts = matrix.experiments
    .map((e) => ({ name: e.name, cells: matrix.cells.filter((c) => c.experiments?.includes(e.name)).length }))
    .filter((e) => e.cells > 0)
    .map((e) => `${e.name} ${e.cells}`);
  const [least, most] = estimate.calls;
  return [
    formatTable([...axes.map((axis) => axis.title), "calls", "precision"], rows),
    ...matrix.notes,
    `${count(matrix.cells.length, "cell")} from ${matrix.file} (${counts.join(", ")}); a cell of several experiments is measured once`,
    run.budgetMs !== null && estimate.cut
      ? `at most ${most} measured calls, as many of them as ${formatSeconds(run.budgetMs / 1000)} allow: ${timeText(estimate)}`
      : `${least === most ? most : `${least} to ${most}`} measured calls: ${timeText(estimate)}`,
    ...visitedText(
      estimate,
      matrix.cells.some((c) => limitsFor(run, c.limits).precision !== null),
    ),
    ...(estimate.tooFast > 0
      ? [
          `Note: ${count(estimate.tooFast, "cell")} at a rate that cannot be kept, as long as a call takes and as many as are in flight: their ` +
            "calls would queue up, each waiting longer than the one before. Ask for a lower rate, or for more calls in flight (concurrency).",
        ]
      : []),
    `Times from ${sourceText(estimate, matrix.cells.length, earlier)}.`,
  ].join("\n");
}

function timeText({ soonestMs, latestMs }: Forecast): string {
  const [soonest, latest] = [soonestMs, latestMs].map((ms) => formatSeconds(ms / 1000));
  return soonest === latest
    ? `about ${latest}`
    : `about ${soonest} where every cell is soon precise, ${latest} at most`;
}

function visitedText({ visited }: Forecast, precisionAsked: boolean): string[] {
  if (visited === undefined) return [];
  const { once, more, precise } = visited;
  const lines: string[] = [];
  if (once > 0) {
    const [cells, others] = more === 0 ? ["each cell", ""] : [count(once, "cell"), `; ${more} more often`];
    lines.push(`In that time ${cells} would be visited once only, and have no interval${others}.`);
  }
  if (precise === 0 && precisionAsked)
    lines.push(`No cell would be visited ${MIN_VISITS} times, as it takes to become as precise as asked for.`);
  return lines;
}

function sourceText({ fromRecords }: Forecast, cells: number, earlier: string | undefined): string {
  if (fromRecords === 0 || earlier === undefined) return `rough figures: ${ROUGH}`;
  if (fromRecords === cells) return `the same cells in ${earlier}`;
  return `${fromRecords} of the same cells in ${earlier}; for the others rough figures: ${ROUGH}`;
}

/** The same for programs. */
export function planAsJson(matrix: PlannedMatrix, run: Limits, estimate: Forecast, earlier: string | undefined) {
  return {
    file: matrix.file,
    notes: matrix.notes,
    limits: run,
    estimate: { ...estimate, earlierRun: estimate.fromRecords > 0 ? (earlier ?? null) : null },
    cells: matrix.cells,
  };
}
