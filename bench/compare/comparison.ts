import type { Cell } from "../matrix/cell.ts";
import type { Levels } from "../stats/effects/design.ts";
import type { Apart } from "./apart.ts";
import type { FailureChange } from "./failures.ts";
import type { Compared, JudgedTogether } from "./judge.ts";
import type { Difference } from "./provenance.ts";
import type { BetweenRuns } from "./repeats.ts";

/** One cell that both runs measured, judged with all other cells. */
export interface CellChange extends JudgedTogether {
  readonly cell: Cell;
}

/** Cells that differ in their image alone: the geometric mean of their ratios over images, judged with all other groups. */
export interface GroupChange extends JudgedTogether {
  /** Levels on all axes but the image. */
  readonly levels: Levels;
  readonly images: number;
  /** The model answers a constant: its times are those of protocol and wire. */
  readonly isNull: boolean;
  /** The two runs' servers had other models of this name, so that the ratio is one of models, too. */
  readonly otherModel: boolean;
  /** B's p90 over A's (`TAIL_RULE`), judged with all others; null where the calls cannot carry it. */
  readonly p90: JudgedTogether | null;
}

/** How far the medians of one cell lie apart in two runs, as a share of the smaller one (0.02: two per cent). */
export interface Agreement extends Pick<Apart, "typical" | "ninth" | "largest"> {
  readonly cells: number;
  /** Share of cells whose medians lie within `NEAR` of each other. */
  readonly close: number;
  /** Share of cells whose two 95 % intervals have something in common, of those that have both; null where none has. */
  readonly overlapping: number | null;
}

/** Two runs side by side. */
export interface Comparison {
  readonly a: string;
  readonly b: string;
  /** Keys of the axes that groups are shown by. */
  readonly axes: readonly string[];
  /** Changes below this share (0.05: five per cent) count as none. */
  readonly threshold: number;
  /** Both are one run: nothing can differ. */
  readonly identical: boolean;
  /** How much a machine's level differs from run to run anyway, as repeats of these runs show it. */
  readonly between: BetweenRuns;
  /** Servers that were started anew between the runs, or of which that is not known. */
  readonly restarted: readonly string[];
  /** Why no latency of one run can be compared with one of the other; null where they can be. Then no cell is compared. */
  readonly notComparable: string | null;
  /** Every cell of both runs, those visited once as noisy as their like; the null model is a group of its own and no part of this. Null: nothing in common. */
  readonly overall: Compared | null;
  /** How well the runs agree, cell by cell; null where they have none in common. */
  readonly agreement: Agreement | null;
  readonly groups: readonly GroupChange[];
  /**
   * The threshold (a share) at which the whole and every group of a model that computes would be called unchanged: what these
   * runs can resolve. Null where one of them has no interval, or there is none.
   */
  readonly resolution: number | null;
  readonly cells: readonly CellChange[];
  /** Cells that only one run has calls for. */
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
  /** Cells that both runs measured, with photographs, traces or links of one name that are not the same: left out. */
  readonly otherInput: readonly string[];
  /** Cells under load whose latencies a run cannot tell, with why: they are not compared. */
  readonly untold: readonly { readonly cell: string; readonly run: "a" | "b"; readonly why: string }[];
  /** Cells that A measured and in which B failed, with why. */
  readonly newFailures: readonly { readonly cell: string; readonly why: string }[];
  /** How often visits and calls failed, whatever went well later: the whole first, then groups in which any did. */
  readonly failures: readonly FailureChange[];
  readonly provenance: readonly Difference[];
}
