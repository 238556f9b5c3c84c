import type { Cell } from "../matrix/cell.ts";
import type { Limits } from "../matrix/limits.ts";
import type { JournalRecord } from "../records/records.ts";
import type { ServerUse } from "../records/server-use.ts";
import type { Route } from "../targets/routes.ts";
import type { WorkerLink } from "./agent/link.ts";
import type { AnswerMessage } from "./agent/protocol.ts";
import type { SoFar } from "./progress.ts";

/** How far a run is, after each visit. */
export interface RunStatus {
  /** All cells of the run, and those that have calls or failed. */
  readonly cells: number;
  readonly reached: number;
  /** Since this session began. */
  readonly secondsDone: number;
  /** At most: precision may end cells earlier. */
  readonly secondsLeft: number;
  readonly cell: Cell;
  readonly failedCells: number;
}

/** What a run needs from the outside; everything that acts comes in here. */
export interface RunInputs extends SoFar {
  readonly cells: readonly Cell[];
  readonly limits: Limits;
  /** Shuffles the order of visits. */
  readonly seed: number;
  /** Where a cell's requests go. */
  route(cell: Cell): Route;
  /** Opens what lies between a cell's machines. Rejects with why it cannot be opened. */
  openRoute?(cell: Cell): Promise<void>;
  /**
   * Gives a cell's server its turn: its neighbours stand still from now on. Absent: all run. Resolves with whether it stood still until now.
   * Rejects with why that cannot be.
   */
  takeTurn?(cell: Cell): Promise<boolean>;
  /** Calls at a cell's load before the measured ones of a visit; absent: as its load mode says. */
  leadIn?(cell: Cell): number;
  /**
   * Lays what a cell's calls go over, and undoes what was laid for another. Absent: nothing is. Resolves with the pairs of machines
   * (`pairKey`) whose connections were made over another link. Rejects with why that cannot be.
   */
  takeLink?(cell: Cell, round: number): Promise<readonly string[]>;
  /** Why a cell's calls may not have gone over what was laid for them; undefined if they have. */
  lostLink?(cell: Cell): string | undefined;
  /** Which cells a round visits together, the widest blocks first; absent: each by itself. */
  readonly blocks?: readonly ((cell: Cell) => string)[];
  /** The worker on a client machine, with every image sent. Rejects with why there is none. */
  link(clientMachine: string): Promise<WorkerLink>;
  /** What it throws ends the run: nothing more can be recorded. */
  record(record: JournalRecord): void;
  /**
   * Words for why a cell's server may have failed, which last answered so many milliseconds ago, or was first called then. Undefined if
   * nothing is known.
   */
  explain?(cell: Cell, sinceMs: number): Promise<string | undefined>;
  /** The times that a cell's load takes from a file, milliseconds; undefined where it takes none. */
  times?(cell: Cell): readonly number[] | undefined;
  /** Begins to watch what a cell's server uses; the function that is returned ends that. Never rejects; undefined if nothing is known. */
  watchServer?(cell: Cell): Promise<() => Promise<ServerUse | undefined>>;
  answer(cell: Cell, answer: Pick<AnswerMessage, "outputs" | "tooLarge">): void;
  onStatus(status: RunStatus): void;
  /** Monotonic clock, milliseconds. */
  now(): number;
}
