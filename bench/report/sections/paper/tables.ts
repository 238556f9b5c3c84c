import published from "../../../paper/tables.json" with { type: "json" };
import { type Cell, isPlain } from "../../../matrix/cell.ts";
import {
  COMBINATIONS,
  type Combination,
  EXPERIMENTS,
  type Experiment,
  ROLES,
  publishedMs,
} from "../../../paper/published.ts";
import { type Interval, ratioOf } from "../../../stats/math/estimate.ts";
import { type Study, inDoubt, logMeanOver, placeOf } from "../../../stats/study.ts";
import { type CellSummary, mean } from "../../../stats/summary.ts";
import { type Table, type TableCell, type TableColumn, fold, only, right, table } from "../../blocks.ts";
import { modelTitle } from "../caveats.ts";
import { kindTitle } from "../../charts/colours.ts";
import { FROM_TO, PROTOCOL, loadTitle } from "../columns.ts";
import { count } from "../../../../lib/words.ts";
import { formatInterval, known } from "../../../format/numbers.ts";
import type { ReportInputs, Section } from "../../section.ts";

/** What the paper's tables need to know of a run. */
export interface TableInputs {
  readonly cells: readonly Cell[];
  readonly summaries: ReadonlyMap<string, CellSummary>;
  /** Which of the paper's models a deployed model stands for. */
  readonly paperModels: Readonly<Record<string, "rfcn" | "ssd" | undefined>>;
  /** Visits, for intervals; without them there are none. */
  readonly study?: Study;
}

/** One number of a table: measured, failed with the reason, or never tried. */
export type Entry =
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
    return entryOf(cells, inputs.summaries, inputs.study);
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
  const told = study !== undefined && visited.length === cells.length && !inDoubt(study, cells);
  return {
    kind: "measured",
    meanMs,
    interval: told ? known(ratioOf(logMeanOver(study, cells)).interval) : null,
    visits: visited.reduce((sum, d) => sum + d.visits.length, 0),
    n: measured.reduce((sum, s) => sum + s.n, 0),
    cells: measured.length,
  };
}

/** Milliseconds for people: as many digits as carry meaning. */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  return ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2);
}

/** A paper table, ours beside theirs; failed entries say so and carry a note below. */
export function paperTableBlock(paper: PaperTable): Table {
  const columns: TableColumn[] = [
    { title: "machine" },
    ...COMBINATIONS.flatMap((c) => [right("ours", c.title), right("paper", c.title)]),
  ];
  const reasons = new Map<string, string[]>();
  const ours = (entry: Entry): TableCell => {
    if (entry.kind === "measured") return formatMs(entry.meanMs);
    if (entry.kind === "absent") return "–";
    const cells = reasons.get(entry.reason) ?? [];
    reasons.set(entry.reason, [...cells, entry.cell]);
    return { text: `failed [${[...reasons.keys()].indexOf(entry.reason) + 1}]`, tone: "bad" };
  };
  // How sure a number of ours is, below it.
  const below = (title: string, entries: readonly Entry[], text: (e: Entry & { kind: "measured" }) => string) =>
    entries.some((e) => e.kind === "measured")
      ? [
          [
            title,
            ...entries.flatMap((e) => [e.kind === "measured" ? { text: text(e), tone: "muted" as const } : "", ""]),
          ],
        ]
      : [];
  const rows = paper.rows.flatMap((row) => {
    const entries = row.entries.map((e) => e.ours);
    return [
      [row.role, ...row.entries.flatMap((e) => [ours(e.ours), e.paperMs === undefined ? "–" : formatMs(e.paperMs)])],
      ...below("  95 % interval", entries, ({ interval }) =>
        interval === null ? "–" : formatInterval(interval, formatMs),
      ),
      ...below("  calls (visits)", entries, ({ n, visits }) => `${n} (${visits})`),
    ];
  });
  return table({
    caption: `${paper.experiment.title}. Mean latency, ms (gRPC client: ${paper.clientKind})`,
    columns,
    rows,
    notes: [
      ...[...reasons].map(
        ([reason, [first, ...others]], i) =>
          `[${i + 1}] ${first}${others.length === 0 ? "" : ` and ${others.length} more like it`}: ${reason}`,
      ),
      ...(rows.length > paper.rows.length ? [OURS_RULE] : []),
      ...slipNote(paper.experiment),
    ],
  });
}

const OURS_RULE =
  "Interval: of our mean, by the noise of the model's visits and of rounds, as told under effects (on the logarithm); a cell visited once " +
  "brings the noise of its like. A dash where none can be told, or where a cell visited once is out of line.";

/** What is odd about the paper's own numbers. */
function slipNote({ id }: Experiment): string[] {
  return id === "remoteImage2" ? [`The paper's numbers: ${published.experiments.remoteImage2.note}.`] : [];
}

/** The paper's three tables as data. */
export function paperTables(grpcClients: readonly string[], inputs: TableInputs): PaperTable[] {
  return EXPERIMENTS.flatMap((experiment) => grpcClients.map((client) => paperTable(experiment, client, inputs)));
}

/** The paper's three tables, ours beside theirs. */
export const paperTablesSection: Section = {
  id: "paper-tables",
  title: "The paper's tables",
  short: "Tables 1–3",
  blocks: (inputs) => paperTables(inputs.grpcClients, inputs).map(paperTableBlock),
  json: (inputs) => ({ tables: paperTables(inputs.grpcClients, inputs) }),
};

/**
 * Where the time of a request goes: for each placement, model and client the means over images of the call's phases.
 */
export const phasesSection: Section = {
  id: "phases",
  title: "Where the time goes: mean over images, ms",
  short: "Phases",
  blocks: (inputs) => {
    if (inputs.cells.length === 0) return [];
    const phases = phaseTable(inputs);
    return [
      // As cards on a phone it is many screens long.
      only(["html"], fold(`The phases of a call: ${count(phases.rows.length, "row")}`, phases)),
      only(["terminal", "markdown"], phases),
    ];
  },
};

function phaseTable(inputs: ReportInputs): Table {
  // Loads are of another kind each: never one mean.
  const groups = Map.groupBy(inputs.cells, (c) =>
    JSON.stringify([c.clientRole, c.serverRole, c.model, c.clientKind, loadTitle(c)]),
  );
  const loaded = inputs.cells.some((c) => !isPlain(c));
  const queued = inputs.cells.some((c) => c.ratePerSecond !== undefined);
  const rows = [...groups.values()].flatMap((cells) => {
    const [first] = cells;
    if (first === undefined) return [];
    const found = cells.flatMap((c) => {
      const s = inputs.summaries.get(c.id);
      return s === undefined || s.n === 0 || s.failure !== undefined ? [] : [s];
    });
    const phase = (name: keyof CellSummary["phaseMeansMs"]) => {
      const seen = found.map((s) => s.phaseMeansMs[name]).filter((v) => v !== null);
      return seen.length === 0 ? "–" : formatMs(mean(seen));
    };
    const average = (of: (s: CellSummary) => number) => (found.length === 0 ? "–" : formatMs(mean(found.map(of))));
    const failed = cells.filter((c) => inputs.summaries.get(c.id)?.failure !== undefined).length;
    return [
      [
        ...[placeOf(first), modelTitle(inputs.manifest, first.model), kindTitle(first.clientKind)],
        ...(loaded ? [loadTitle(first)] : []),
        overImages(found.length, cells.length, failed),
        ...[average((s) => s.meanMs), average((s) => s.medianMs)],
        ...(queued ? [phase("lateMs")] : []),
        ...(["encodeMs", "sendMs", "waitMs", "receiveMs", "decodeMs"] as const).map(phase),
        String(found.reduce((sum, s) => sum + s.n, 0)),
      ],
    ];
  });
  return table({
    columns: [
      ...[FROM_TO, { title: "model" }, PROTOCOL, ...(loaded ? [{ title: "load" }] : []), { title: "images" }],
      ...["mean", "median", ...(queued ? ["queued"] : [])].map((t) => right(t)),
      ...["encode", "send", "wait", "receive", "decode", "calls"].map((t) => right(t)),
    ],
    rows,
    ...(queued ? { notes: [QUEUED] } : {}),
  });
}

const QUEUED =
  "Queued: of a load at a rate, from when a call was due until it could begin (all connections were busy, or the client was late). It " +
  "is part of the whole, and with encode to decode makes up the mean.";

/** Over how many images a mean is, and what became of the others. */
function overImages(measured: number, all: number, failed: number): TableCell {
  if (measured === all) return String(all);
  const missing = all - measured - failed;
  const why = [...(failed > 0 ? [`${failed} failed`] : []), ...(missing > 0 ? [`${missing} not measured`] : [])].join(
    ", ",
  );
  return { text: `${measured} of ${all}: ${why}`, tone: failed > 0 ? "bad" : "unsure" };
}
