import type { Cell } from "../matrix/cell.ts";
import type { Axis } from "../matrix/axes.ts";
import type { CapacityResults } from "../capacity/result.ts";
import type { CellConditions } from "../stats/conditions.ts";
import type { RunManifest } from "../records/manifest.ts";
import type { Study } from "../stats/study.ts";
import type { CellSummary } from "../stats/summary.ts";
import type { ThresholdResult } from "../thresholds/result.ts";
import type { Block } from "./blocks.ts";

/** What a section of the report is made from. */
export interface ReportInputs {
  readonly manifest: RunManifest;
  readonly cells: readonly Cell[];
  readonly summaries: ReadonlyMap<string, CellSummary>;
  /** The axes of the run's matrix. */
  readonly axes: readonly Axis[];
  /** Every cell's calls by visit. Sections that infer something need it, and say nothing without it. */
  readonly study?: Study;
  /** The run that this one repeats. */
  readonly earlier?: Study;
  /** How each cell ended, and which were disturbed; absent where the journal was not read. */
  readonly conditions?: ReadonlyMap<string, CellConditions>;
  /** What became of the thresholds of its experiments; absent where none was judged. */
  readonly thresholds?: readonly ThresholdResult[];
  /** Of a run of searches: what they found. */
  readonly capacity?: CapacityResults;
  /** The run's folder, for sections that read more of it (kept answers); absent where there is none. */
  readonly dir?: string;
}

/**
 * One section of the report, for all media. A new one is a file that exports a `Section`, and a line in `SECTIONS`
 * (index.ts). Most decide from their inputs alone; one that must read a file (of `inputs.dir`) may be asynchronous.
 */
export interface Section {
  /** The anchor in the HTML page; lower case, unique. */
  readonly id: string;
  readonly title: string;
  /** The title in the page's list of contents, where that one is too long. */
  readonly short?: string;
  /** No blocks: the section is left out. */
  blocks(inputs: ReportInputs): readonly Block[] | Promise<readonly Block[]>;
  /** What it adds to report.json, by key; leave out what is not known. */
  json?(inputs: ReportInputs): Readonly<Record<string, unknown>> | Promise<Readonly<Record<string, unknown>>>;
}

/** A section with its blocks, ready for a renderer. */
export interface RenderedSection {
  readonly id: string;
  readonly title: string;
  readonly short: string;
  readonly blocks: readonly Block[];
}

/** Cells of a run that have neither a call nor a failure: it was killed before, ran out of time, or goes on. */
export function neverReached({
  cells,
  summaries,
  study,
}: Pick<ReportInputs, "cells" | "summaries" | "study">): readonly Cell[] {
  return cells.filter((c) => {
    if (study?.untold?.has(c.id) === true) return false;
    const summary = summaries.get(c.id);
    return summary === undefined || (summary.n === 0 && summary.failure === undefined);
  });
}
