import { clean } from "../../lib/clean.ts";
import type { Cell } from "../matrix/cell.ts";
import { allStatistics } from "../stats/cell-statistics.ts";
import { levelsOf } from "../stats/levels.ts";
import { askedPrecision, reachedPrecision } from "../stats/reached-precision.ts";
import type { ReportInputs } from "./section.ts";

const PHASES = ["late", "encode", "send", "wait", "receive", "decode"] as const;

/** What a field of CSV may hold. */
export type Value = string | number | boolean | null | undefined;

/**
 * One line for each cell, failed and unmeasured ones too: its level on each axis by the axis's key, then numbers as they were
 * computed, milliseconds and bytes, with a decimal point. RFC 4180, UTF-8 with the byte order mark that spreadsheets look for.
 */
export function cellsCsv(inputs: ReportInputs): string {
  const rows = inputs.cells.map((cell) => rowOf(cell, inputs));
  const head = Object.keys(rows[0] ?? {});
  const lines = [head, ...rows.map((row) => Object.values(row))].map((values) => values.map(field).join(","));
  return `\ufeff${lines.join("\r\n")}\r\n`;
}

/** What tells a cell apart in every table for programs: its run, its level on each axis, its machines. */
export function coordinatesOf(cell: Cell, run: string, axes: ReportInputs["axes"]) {
  return {
    ...{ run, cell: cell.id },
    ...levelsOf(cell, axes),
    ...{ client_machine: cell.clientMachine, server_machine: cell.serverMachine, local: cell.local },
  };
}

function rowOf(cell: Cell, { manifest, summaries, study, conditions, axes }: ReportInputs): Record<string, Value> {
  const summary = summaries.get(cell.id);
  const statistics = study && allStatistics(study).find((s) => s.cell === cell.id);
  const condition = conditions?.get(cell.id);
  const server = manifest.servers.find((s) => s.id === cell.server);
  const model = server?.models.find((m) => m.name === cell.model);
  const image = manifest.images.find((i) => i.name === cell.image);
  const covariates = study?.images.find((i) => i.image === cell.image);
  const untold = study?.untold?.get(cell.id);
  const measured = summary !== undefined && summary.n > 0;
  return {
    ...coordinatesOf(cell, manifest.id, axes),
    api: cell.api,
    input: cell.input,
    experiments: cell.experiments?.join(" "),
    outcome:
      summary?.failure !== undefined
        ? "failed"
        : measured
          ? "measured"
          : untold === undefined
            ? "not measured"
            : untold.kind,
    no_latency: untold?.why,
    failure: summary?.failure && `${summary.failure.code}: ${summary.failure.message}`,
    calls: summary?.n || (study?.loaded?.get(cell.id)?.totalsMs.length ?? 0),
    failed_calls: summary?.failedCalls ?? 0,
    failures: summary?.failures ?? 0,
    visits: statistics?.visits,
    mean_ms: summary?.meanMs,
    mean_low_ms: statistics?.meanInterval?.low,
    mean_high_ms: statistics?.meanInterval?.high,
    median_ms: summary?.medianMs,
    median_low_ms: statistics?.medianInterval?.low,
    median_high_ms: statistics?.medianInterval?.high,
    p90_ms: statistics?.p90Ms,
    p99_ms: statistics?.p99Ms,
    min_ms: summary?.minMs,
    max_ms: summary?.maxMs,
    ...Object.fromEntries(PHASES.map((phase) => [`${phase}_ms`, summary?.phaseMeansMs[`${phase}Ms`]])),
    request_bytes: summary?.requestBytes,
    response_bytes: summary?.responseBytes,
    precision_asked: askedPrecision(cell, manifest),
    precision_reached: statistics && reachedPrecision(statistics),
    ended: condition?.end?.reason,
    disturbed_visits: condition?.disturbedVisits,
    server_fell_behind: condition?.behind,
    model_timing_only: model?.timingOnly,
    model_is_null: model?.isNull,
    model_sha256: model?.sha256,
    server_kind: cell.serverKind ?? server?.kind,
    server_stand_in: server?.standIn,
    server_image: server?.image,
    image_file_bytes: image?.fileBytes,
    image_width: image?.width,
    image_height: image?.height,
    image_objects: covariates?.objects,
    load_settings: JSON.stringify(cell.load),
  };
}

/** One field. Text that a spreadsheet would run as a formula gets a quote before it, as spreadsheets write it themselves. */
export function field(value: Value): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  if (typeof value === "boolean") return String(value);
  const text = clean(value).replace(/(^|[;\t\r\n])(?=[=+\-@\t\r])/g, "$1'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
