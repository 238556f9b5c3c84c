import { formatSeconds } from "../lib/progress.ts";
import { formatTable } from "../lib/table.ts";
import { type Forecast, ROUGH } from "./forecast.ts";
import { type Limits, limitsFor } from "./limits.ts";
import type { PlannedMatrix } from "./prepare.ts";

/** A planned matrix for people: its cells, their number, and how long they take. */
export function formatPlan(
  matrix: PlannedMatrix,
  run: Limits,
  estimate: Forecast,
  earlier: string | undefined,
): string {
  const titles = ["client", "server", "client kind", "protocol", "model", "image", "load", "calls", "precision"];
  const rows = matrix.cells.map((c) => {
    const { precision, requests } = limitsFor(run, c.limits);
    const load = [
      ...(c.ratePerSecond === undefined ? [] : [`${c.ratePerSecond}/s`]),
      ...(c.concurrency === undefined ? [] : [`x${c.concurrency}`]),
    ].join(" ");
    const within = precision === null ? "none" : `${Number((100 * precision).toFixed(2))} %`;
    return [c.clientRole, c.serverRole, c.clientKind, c.protocol, c.model, c.image, load, `≤ ${requests}`, within];
  });
  const counts = matrix.experiments
    .map((e) => ({ name: e.name, cells: matrix.cells.filter((c) => c.experiments?.includes(e.name)).length }))
    .filter((e) => e.cells > 0)
    .map((e) => `${e.name} ${e.cells}`);
  const [least, most] = estimate.calls;
  return [
    formatTable(
      titles.map((title) => ({ title })),
      rows,
    ),
    ...matrix.notes,
    `${matrix.cells.length} cells from ${matrix.file} (${counts.join(", ")}); a cell of several experiments is measured once`,
    `${least === most ? most : `${least} to ${most}`} measured calls: ${timeText(estimate)}`,
    `Times from ${sourceText(estimate, matrix.cells.length, earlier)}.`,
  ].join("\n");
}

function timeText({ soonestMs, latestMs }: Forecast): string {
  const [soonest, latest] = [soonestMs, latestMs].map((ms) => formatSeconds(ms / 1000));
  return soonest === latest
    ? `about ${latest}`
    : `about ${soonest} where every cell is soon precise, ${latest} at most`;
}

function sourceText({ fromRecords }: Forecast, cells: number, earlier: string | undefined): string {
  if (fromRecords === 0 || earlier === undefined) return `rough figures: ${ROUGH}`;
  if (fromRecords === cells) return `the same cells in ${earlier}`;
  return `${fromRecords} of the same cells in ${earlier}; for the others rough figures: ${ROUGH}`;
}

/** The same for programs. */
export function planAsJson(matrix: PlannedMatrix, run: Limits, estimate: Forecast, earlier: string | undefined) {
  return {
    schema: "lathe.plan/1",
    file: matrix.file,
    notes: matrix.notes,
    limits: run,
    estimate: { ...estimate, earlierRun: estimate.fromRecords > 0 ? (earlier ?? null) : null },
    cells: matrix.cells,
  };
}
