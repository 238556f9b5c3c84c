import type { RunManifest } from "../manifest.ts";
import type { CellSummary } from "../summary.ts";
import { clientKinds } from "../clients/index.ts";
import { type Study } from "../stats/study.ts";
import { verdicts } from "../verdicts/index.ts";
import { attribute } from "../stats/attribution.ts";
import { attributionSection } from "./attribution.ts";
import { allStatistics, distributionsSection } from "./distributions.ts";
import { effectsOf, effectsSection } from "./effects.ts";
import { machinesSection } from "./machines.ts";
import { type TableInputs, formatPaperTable, formatPhaseTable, paperTables } from "./tables.ts";
import { verdictsSection } from "./verdicts.ts";

/** What a section of the report is made from. */
export interface ReportInputs extends TableInputs {
  readonly manifest: RunManifest;
  /** gRPC client kinds that the run measured, in the order asked for. */
  readonly grpcClients: readonly string[];
  /** Every cell's calls by visit. Sections that infer something need it, and are empty without it. */
  readonly study?: Study;
}

/** One section of the printed report. A new one is a file, and a line in `SECTIONS`. */
export type Section = (inputs: ReportInputs) => string;

const SECTIONS: readonly Section[] = [
  (inputs) => paperTables(inputs.grpcClients, inputs).map(formatPaperTable).join("\n\n"),
  verdictsSection,
  effectsSection,
  attributionSection,
  formatPhaseTable,
  distributionsSection,
  machinesSection,
  (inputs) => inputs.manifest.remarks.map((remark) => `Note: ${remark}`).join("\n"),
];

/** Everything a section may need, from a run's manifest and summaries. */
export function reportInputs(
  manifest: RunManifest,
  summaries: ReadonlyMap<string, CellSummary>,
  study?: Study,
): ReportInputs {
  const grpc = clientKinds.filter((k) => k.protocol === "grpc" && manifest.clientKinds.includes(k.name));
  return {
    manifest,
    summaries,
    cells: manifest.cells,
    grpcClients: grpc.length === 0 ? ["probe"] : grpc.map((k) => k.name),
    paperModels: Object.fromEntries(manifest.deployments.flatMap((d) => d.models.map((m) => [m.name, m.paperModel]))),
    ...(study === undefined ? {} : { study }),
  };
}

/** The whole printed report of a run; without a study, the tables alone. */
export function formatRun(manifest: RunManifest, summaries: ReadonlyMap<string, CellSummary>, study?: Study): string {
  const inputs = reportInputs(manifest, summaries, study);
  return SECTIONS.map((section) => section(inputs))
    .filter((text) => text !== "")
    .join("\n\n");
}

/** The same for programs: the paper's tables, and every cell's summary. */
export function tablesAsJson(manifest: RunManifest, summaries: ReadonlyMap<string, CellSummary>, study?: Study) {
  const inputs = reportInputs(manifest, summaries, study);
  return {
    schema: "lathe.tables/1",
    run: manifest.id,
    remarks: manifest.remarks,
    tables: paperTables(inputs.grpcClients, inputs),
    cells: manifest.cells.map((cell) => ({ ...cell, summary: summaries.get(cell.id) ?? null })),
    ...(study === undefined
      ? {}
      : {
          verdicts: verdicts(study),
          effects: effectsOf(study) ?? null,
          attribution: attribute(study),
          statistics: allStatistics(study).map(({ at: _, ...statistics }) => statistics),
          images: study.images,
        }),
  };
}
