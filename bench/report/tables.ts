import { type Column, formatTable } from "../../lib/table.ts";
import { type Cell, isPlain } from "../cell.ts";
import {
  COMBINATIONS,
  type Combination,
  EXPERIMENTS,
  type Experiment,
  ROLES,
  publishedMs,
} from "../paper/published.ts";
import { type CellSummary, mean } from "../summary.ts";

/** What the paper's tables need to know of a run. */
export interface TableInputs {
  readonly cells: readonly Cell[];
  readonly summaries: ReadonlyMap<string, CellSummary>;
  /** Which of the paper's models a deployed model stands for. */
  readonly paperModels: Readonly<Record<string, "rfcn" | "ssd" | undefined>>;
}

/** One number of a table: measured, failed with the reason, or never tried. */
export type Entry =
  | { readonly kind: "measured"; readonly meanMs: number; readonly n: number; readonly cells: number }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "absent" };

/** A table as data: ours and the paper's number for each machine and combination. */
export interface PaperTable {
  readonly experiment: Experiment;
  readonly clientKind: string;
  readonly rows: readonly {
    readonly role: string;
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
  const entry = (role: string, combination: Combination): Entry => {
    const cells = inputs.cells.filter(
      (c) =>
        isPlain(c) &&
        c.serverRole === role &&
        c.clientRole === (experiment.place === "local" ? role : "client") &&
        inputs.paperModels[c.model] === combination.paperModel &&
        c.clientKind === (combination.protocol === "grpc" ? grpcClient : "rest") &&
        (experiment.image === null || c.image === experiment.image),
    );
    return entryOf(cells, inputs.summaries);
  };
  const roles = [...new Set([...ROLES, ...inputs.cells.map((c) => c.serverRole)])];
  return {
    experiment,
    clientKind: grpcClient,
    rows: roles.map((role) => ({
      role,
      entries: COMBINATIONS.map((combination) => {
        const paperMs = publishedMs(experiment, role, combination);
        return { combination, ours: entry(role, combination), ...(paperMs === undefined ? {} : { paperMs }) };
      }),
    })),
  };
}

/** Several cells as one entry. One failed cell fails the entry: a mean over what is left would be another quantity. */
export function entryOf(cells: readonly Cell[], summaries: ReadonlyMap<string, CellSummary>): Entry {
  if (cells.length === 0) return { kind: "absent" };
  const found = cells.map((c) => summaries.get(c.id));
  const failed = found.find((s) => s?.failure !== undefined);
  if (failed?.failure !== undefined)
    return { kind: "failed", reason: `${failed.cell}: ${failed.failure.code}: ${failed.failure.message}` };
  const measured = found.filter((s) => s !== undefined && s.n > 0) as CellSummary[];
  if (measured.length < cells.length) return { kind: "absent" };
  return {
    kind: "measured",
    meanMs: mean(measured.map((s) => s.meanMs)),
    n: measured.reduce((sum, s) => sum + s.n, 0),
    cells: measured.length,
  };
}

/** Milliseconds for people: as many digits as carry meaning. */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  return ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2);
}

/** A paper table as text, ours beside theirs; failed entries say so and carry a note below. */
export function formatPaperTable(table: PaperTable): string {
  const columns: Column[] = [
    { title: "machine" },
    ...COMBINATIONS.flatMap((c): Column[] => [
      { title: `${c.title}\nours`, align: "right" },
      { title: "paper", align: "right" },
    ]),
  ];
  const notes: string[] = [];
  const ours = (entry: Entry) => {
    if (entry.kind === "measured") return formatMs(entry.meanMs);
    if (entry.kind === "absent") return "–";
    if (!notes.includes(entry.reason)) notes.push(entry.reason);
    return `failed [${notes.indexOf(entry.reason) + 1}]`;
  };
  const rows = table.rows.map((row) => [
    row.role,
    ...row.entries.flatMap((e) => [ours(e.ours), e.paperMs === undefined ? "–" : formatMs(e.paperMs)]),
  ]);
  const counts = table.rows.flatMap((r) => r.entries).flatMap((e) => (e.ours.kind === "measured" ? [e.ours.n] : []));
  const n = counts.length === 0 ? "" : `; ${range(counts)} calls a number`;
  return [
    `${table.experiment.title}. Mean latency, ms (gRPC client: ${table.clientKind}${n})`,
    formatTable(columns, rows),
    ...notes.map((note, i) => `  [${i + 1}] ${note}`),
  ].join("\n");
}

function range(values: readonly number[]): string {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return low === high ? `${low}` : `${low} to ${high}`;
}

/** The paper's three tables as data. */
export function paperTables(grpcClients: readonly string[], inputs: TableInputs): PaperTable[] {
  return EXPERIMENTS.flatMap((experiment) => grpcClients.map((client) => paperTable(experiment, client, inputs)));
}

/**
 * Where the time of a request goes: for each placement, model and client the means over images of the call's phases.
 */
export function formatPhaseTable(inputs: TableInputs): string {
  const groups = new Map<string, Cell[]>();
  for (const cell of inputs.cells) {
    const key = `${cell.clientRole}|${cell.serverRole}|${cell.model}|${cell.clientKind}`;
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  const rows = [...groups].map(([key, cells]) => {
    const [client = "", server = "", model = "", kind = ""] = key.split("|");
    const found = cells
      .map((c) => inputs.summaries.get(c.id))
      .filter((s) => s !== undefined && s.n > 0) as CellSummary[];
    const phase = (name: keyof CellSummary["phaseMeansMs"]) => {
      const seen = found.map((s) => s.phaseMeansMs[name]).filter((v) => v !== null);
      return seen.length === 0 ? "–" : formatMs(mean(seen));
    };
    const failures = cells.filter((c) => inputs.summaries.get(c.id)?.failure !== undefined).length;
    return [
      `${client} → ${server}`,
      model,
      kind,
      String(found.reduce((sum, s) => sum + s.n, 0)),
      found.length === 0 ? "failed" : formatMs(mean(found.map((s) => s.meanMs))),
      found.length === 0 ? "–" : formatMs(mean(found.map((s) => s.medianMs))),
      phase("encodeMs"),
      phase("sendMs"),
      phase("waitMs"),
      phase("receiveMs"),
      phase("decodeMs"),
      failures === 0 ? "" : `${failures} of ${cells.length} cells failed`,
    ];
  });
  const right = (title: string): Column => ({ title, align: "right" });
  return [
    "Where the time goes: mean over images, ms",
    formatTable(
      [
        { title: "client → server" },
        { title: "model" },
        { title: "client" },
        right("calls"),
        right("mean"),
        right("median"),
        right("encode"),
        right("send"),
        right("wait"),
        right("receive"),
        right("decode"),
        { title: "" },
      ],
      rows,
    ),
  ].join("\n");
}
