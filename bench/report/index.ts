import { REPORT_SCHEMA } from "../format/schemas.ts";
import type { CapacityResults } from "../capacity/result.ts";
import type { CellConditions } from "../stats/conditions.ts";
import type { RunManifest } from "../records/manifest.ts";
import { type CellSummary, summariesOf } from "../stats/summary.ts";
import { AXES } from "../matrix/axes.ts";
import type { Study } from "../stats/study.ts";
import type { ThresholdResult } from "../thresholds/result.ts";
import { answerSection } from "./sections/answer.ts";
import { capacitySection } from "./sections/capacity.ts";
import { cellsSection } from "./sections/cells.ts";
import { detectionsSection } from "./sections/detections.ts";
import { distanceSection } from "./sections/distance/distance.ts";
import { driftSection } from "./sections/drift.ts";
import { effectsSection } from "./sections/effects.ts";
import { latencySection } from "./sections/latency.ts";
import { loadSection } from "./sections/load.ts";
import { paperSection } from "./sections/paper/figures.ts";
import { payloadSection } from "./sections/payload.ts";
import { repeatSection } from "./sections/repeat/repeat.ts";
import { runSection } from "./sections/run/run.ts";
import { speedsSection } from "./sections/speeds.ts";
import { timeSection } from "./sections/time/time.ts";
import type { RenderedSection, ReportInputs, Section } from "./section.ts";
import { renderText } from "./render/text.ts";
import { thresholdsSection } from "./sections/thresholds.ts";
import { verdictsSection } from "./sections/paper/verdicts.ts";
import { whichServerSection } from "./sections/which-server.ts";

/** The report, first to last. Another section is a file, and a line here. */
export const SECTIONS: readonly Section[] = [
  capacitySection,
  answerSection,
  thresholdsSection,
  whichServerSection,
  loadSection,
  latencySection,
  speedsSection,
  driftSection,
  payloadSection,
  distanceSection,
  timeSection,
  effectsSection,
  verdictsSection,
  paperSection,
  detectionsSection,
  repeatSection,
  cellsSection,
  runSection,
];

/** What a report is made from, beside the manifest. */
export interface ReportParts {
  readonly study?: Study;
  readonly earlier?: Study;
  /** Default: of the study's data. */
  readonly summaries?: ReadonlyMap<string, CellSummary>;
  readonly conditions?: ReadonlyMap<string, CellConditions>;
  readonly thresholds?: readonly ThresholdResult[];
  readonly capacity?: CapacityResults;
  readonly dir?: string;
}

/** Everything a section may need. */
export function reportInputs(manifest: RunManifest, { summaries, ...parts }: ReportParts): ReportInputs {
  return {
    manifest,
    summaries: summaries ?? summariesOf(parts.study?.data ?? new Map()),
    cells: manifest.cells,
    axes: parts.study?.axes ?? AXES,
    ...parts,
  };
}

/** What a run of searches is told by: its cells are steps, each at another rate, and nothing of a matrix can be read from them. */
const OF_CAPACITY: readonly Section[] = [capacitySection, runSection];
const sectionsOf = ({ manifest }: ReportInputs, sections: readonly Section[]) =>
  manifest.capacity === undefined ? sections : sections.filter((s) => OF_CAPACITY.includes(s));

/** The sections that have something to say. */
export async function renderSections(inputs: ReportInputs, sections = SECTIONS): Promise<RenderedSection[]> {
  const rendered: RenderedSection[] = [];
  for (const { id, title, short, ...section } of sectionsOf(inputs, sections)) {
    const blocks = await section.blocks(inputs);
    if (blocks.length > 0) rendered.push({ id, title, short: short ?? title, blocks });
  }
  return rendered;
}

/** The printed report of a run. */
export async function reportText(inputs: ReportInputs): Promise<string> {
  return renderText(await renderSections(inputs));
}

/** The report for programs: every cell with its summary, and what the sections add. */
export async function reportJson(inputs: ReportInputs, sections = SECTIONS): Promise<Record<string, unknown>> {
  const { manifest, summaries } = inputs;
  const own = {
    schema: REPORT_SCHEMA,
    run: manifest.id,
    remarks: manifest.remarks,
    sessions: manifest.sessions ?? [],
    cells: manifest.cells.map((cell) => ({ ...cell, summary: summaries.get(cell.id) ?? null })),
  };
  const added = [];
  for (const section of sectionsOf(inputs, sections)) added.push((await section.json?.(inputs)) ?? {});
  return Object.assign(own, ...added) as Record<string, unknown>;
}
