import { clientKinds } from "../../../../clients/registry.ts";
import { when } from "../../../format/when.ts";
import { formatInterval, formatMs } from "../../../format/numbers.ts";
import { type Cell, isAsDeployed, isPlain } from "../../../matrix/cell.ts";
import { COMBINATIONS, EXPERIMENTS, ROLES, publishedMs } from "../../../paper/published.ts";
import type { Combination, Experiment } from "../../../paper/published.ts";
import published from "../../../paper/tables.json" with { type: "json" };
import type { RunManifest } from "../../../records/manifest.ts";
import { type Interval, known, ratioOf } from "../../../stats/math/estimate.ts";
import { centreOver } from "../../../stats/cells/cell-intervals.ts";
import { type Study, inDoubt, pixelClients } from "../../../stats/study.ts";
import { type CellSummary, mean } from "../../../stats/summary.ts";
import { type Table, type TableCell, right, table } from "../../blocks.ts";
import type { ReportInputs } from "../../section.ts";

/** What the paper's tables need to know of a run; of a study also the visits, for intervals. */
export type TableInputs = Pick<ReportInputs, "manifest" | "cells" | "summaries" | "study">;

/** Client kinds of one of the paper's protocols that a run measured with pixels, as Lathe lists them; without any, the default one. */
export function paperClients(manifest: RunManifest, protocol: "grpc" | "rest"): readonly string[] {
  const measured = pixelClients(manifest, protocol);
  const byDefault = clientKinds.find((k) => k.protocol === protocol && k.isDefault);
  return measured.length > 0 ? measured : when(byDefault !== undefined, byDefault?.name ?? "");
}

/** One number of a table: measured, failed with the reason, or never tried. */
type Entry =
  | {
      readonly kind: "measured";
      readonly meanMs: number;
      /** 95 %, of the mean; null where the visits tell none. */
      readonly interval: Interval | null;
      readonly n: number;
      readonly visits: number;
      readonly cells: number;
    }
  | { readonly kind: "failed"; readonly cell: string; readonly reason: string }
  | { readonly kind: "absent" };

/** A table as data: ours and the paper's number for each server and combination. */
export interface PaperTable {
  readonly experiment: Experiment;
  /** The gRPC client kind. */
  readonly client: string;
  readonly rows: readonly {
    /** One of the paper's roles, or another server. */
    readonly server: string;
    readonly entries: readonly { readonly combination: Combination; readonly ours: Entry; readonly paperMs?: number }[];
  }[];
}

/**
 * One of the paper's tables from a run. A number over several images is the mean of the images' means, so that an image
 * with more calls weighs no more than another.
 *
 * @param grpcClient the gRPC client kind whose cells are shown (a run may have measured several)
 */
export function paperTable(experiment: Experiment, grpcClient: string, inputs: TableInputs): PaperTable {
  const servers = [...new Set([...ROLES, ...inputs.cells.map((c) => c.server)])];
  return {
    experiment,
    client: grpcClient,
    rows: servers.map((server) => ({
      server,
      entries: COMBINATIONS.map((combination) => {
        const paperMs = publishedMs(experiment, server, combination);
        const cells = paperCells(experiment, { server, combination, grpcClient }, inputs);
        const ours = entryOf(cells, inputs.summaries, inputs.study);
        return { combination, ours, ...(paperMs !== undefined && { paperMs }) };
      }),
    })),
  };
}

/** The cells of a run that a number of the paper is of: by the ids of its machines, and the keys of its protocols. */
export function paperCells(
  { calls, image }: Experiment,
  of: { readonly server: string; readonly combination: Combination; readonly grpcClient: string },
  { cells, manifest }: Pick<TableInputs, "cells" | "manifest">,
): Cell[] {
  const { protocol, paperModel } = of.combination;
  const deployed = manifest.servers.flatMap((s) => s.models);
  const models = new Set(deployed.filter((m) => m.paperModel === paperModel).map((m) => m.name));
  const client = protocol === "grpc" ? of.grpcClient : paperClients(manifest, protocol)[0];
  return cells.filter(
    (c) =>
      isPlain(c) &&
      isAsDeployed(c) &&
      c.server === of.server &&
      c.clientMachine === (calls === "local" ? c.serverMachine : "client") &&
      models.has(c.model) &&
      c.protocol === protocol &&
      c.client === client &&
      (image === null || c.image === image),
  );
}

/** Several cells as one entry. One failed cell fails the entry: a mean over what is left would be another quantity. */
export function entryOf(cells: readonly Cell[], summaries: ReadonlyMap<string, CellSummary>, study?: Study): Entry {
  if (cells.length === 0) return { kind: "absent" };
  const found = cells.map((c) => summaries.get(c.id));
  const failed = found.find((s) => s?.failure !== undefined);
  if (failed?.failure !== undefined)
    return { kind: "failed", cell: failed.cell, reason: `${failed.failure.code}: ${failed.failure.message}` };
  const measured = found.filter((s) => s !== undefined && s.n > 0) as CellSummary[];
  if (measured.length < cells.length) return { kind: "absent" };
  const meanMs = mean(measured.map((s) => s.meanMs));
  const visited = cells.flatMap((c) => study?.data.get(c.id) ?? []);
  const sure = study !== undefined && visited.length === cells.length && !inDoubt(study, cells);
  return {
    kind: "measured",
    meanMs,
    interval: sure ? known(ratioOf(centreOver(study, cells, "mean")).interval) : null,
    visits: visited.reduce((sum, d) => sum + d.visits.length, 0),
    n: measured.reduce((sum, s) => sum + s.n, 0),
    cells: measured.length,
  };
}

/** A paper table, ours beside theirs; failed entries say so and carry a note below. */
export function paperTableBlock(paper: PaperTable): Table {
  const reasons = new Map<string, string[]>();
  const ours = (entry: Entry): TableCell => {
    if (entry.kind === "measured") return formatMs(entry.meanMs);
    if (entry.kind === "absent") return "–";
    const cells = reasons.get(entry.reason) ?? [];
    reasons.set(entry.reason, [...cells, entry.cell]);
    return { text: `failed [${[...reasons.keys()].indexOf(entry.reason) + 1}]`, tone: "bad" };
  };
  // How sure a number of ours is, below it.
  const below = (title: string, entries: readonly Entry[], text: (e: Entry & { kind: "measured" }) => string) => {
    const texts = entries.map((e): TableCell => (e.kind === "measured" ? { text: text(e), tone: "muted" } : ""));
    return when<TableCell[]>(
      texts.some((t) => t !== "" && (typeof t === "string" || t.text !== "–")),
      [title, ...texts.flatMap((t) => [t, ""])],
    );
  };
  // Machines and combinations of which this run has nothing are left out.
  const isThere = (row: PaperTable["rows"][number], i: number) => (row.entries[i]?.ours.kind ?? "absent") !== "absent";
  const combinations = COMBINATIONS.filter((_, i) => paper.rows.some((row) => isThere(row, i)));
  const rows = paper.rows
    .filter((row) => row.entries.some((_, i) => isThere(row, i)))
    .flatMap((row) => {
      const shown = row.entries.filter((e) => combinations.includes(e.combination));
      const entries = shown.map((e) => e.ours);
      return [
        [row.server, ...shown.flatMap((e) => [ours(e.ours), e.paperMs === undefined ? "–" : formatMs(e.paperMs)])],
        ...below("  95 % interval", entries, ({ interval }) =>
          interval === null ? "–" : formatInterval(interval, formatMs),
        ),
      ];
    });
  return table({
    caption: `${paper.experiment.title}. Mean latency, ms (gRPC client: ${paper.client})`,
    columns: ["machine", ...combinations.flatMap((c) => [right("ours", c.title), right("paper", c.title)])],
    rows,
    notes: [
      ...[...reasons].map(
        ([reason, [first, ...others]], i) =>
          `[${i + 1}] ${first}${others.length === 0 ? "" : ` and ${others.length} more like it`}: ${reason}`,
      ),
      ...when(
        paper.experiment.id === "remoteImage2",
        `The paper's numbers: ${published.experiments.remoteImage2.note}.`,
      ),
    ],
    method: "paper",
  });
}

/** The paper's three tables as data, for each gRPC client kind of a run; without those of which this run measured nothing, or all failed. */
export function paperTables(inputs: TableInputs): PaperTable[] {
  const clients = paperClients(inputs.manifest, "grpc");
  const all = EXPERIMENTS.flatMap((experiment) => clients.map((client) => paperTable(experiment, client, inputs)));
  return all.filter((t) => t.rows.some((r) => r.entries.some((e) => e.ours.kind === "measured")));
}
