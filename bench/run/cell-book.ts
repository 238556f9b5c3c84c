import { type Cell, connectionKey, inputKey, modelKey, pairKey } from "../matrix/cell.ts";
import { type Limits, limitsFor } from "../matrix/limits.ts";
import type { EndRecord, FailureRecord } from "../records/records.ts";
import { NoiseBook, STABILITY, enough, precisionOf, windowsStable } from "../schedule/precision.ts";
import type { Familiarity } from "../schedule/visit-size.ts";
import type { RunInputs } from "./inputs.ts";

/** Why each cell ended: its median is known precisely enough, it has its calls, the time was up, or it failed. */
export type CellEnd = EndRecord["reason"];

/** Why something failed: a canonical status name, and words. */
export type Reason = Readonly<FailureRecord["error"]>;

/** What is known of each cell: what it has measured, what its server has seen, and how it ended. */
export class CellBook {
  readonly ends = new Map<string, CellEnd>();
  readonly #inputs: RunInputs;
  readonly #visits: Map<string, number[][]>;
  readonly #limits: Map<string, Limits>;
  readonly #cells: Cell[];
  /** The shortest call of a model on a server. */
  readonly #callMs = new Map<string, number>();
  readonly #seen = new Set<string>();
  /** Models that were not called since their server stood still. */
  readonly #cold = new Set<string>();
  /** Connections that are older than that. */
  readonly #stale = new Set<string>();
  readonly #noise = new NoiseBook();

  constructor(inputs: RunInputs) {
    const { cells, already, limits } = inputs;
    this.#inputs = inputs;
    this.#cells = [...cells];
    this.#visits = new Map(cells.map((cell) => [cell.id, (already.get(cell.id) ?? []).map((visit) => [...visit])]));
    this.#limits = new Map(cells.map((cell) => [cell.id, limitsFor(limits, cell.limits)]));
    for (const cell of cells)
      for (const visit of this.#visitsOf(cell)) this.#noise.visited(cell.id, noiseKey(cell), visit);
    for (const cell of cells) {
      // What an earlier session ended stays ended, by whatever rule.
      if (!inputs.ended.has(cell.id)) this.endIfEnough(cell, inputs.firstRound);
      else this.ends.set(cell.id, this.count(cell) >= this.limitsOf(cell).requests ? "requests" : "precision");
    }
  }

  /** A cell that was not planned when the run began. */
  add(cell: Cell): void {
    this.#cells.push(cell);
    this.#visits.set(cell.id, []);
    this.#limits.set(cell.id, limitsFor(this.#inputs.limits, cell.limits));
  }

  /** Cells that have not ended. */
  open(): Cell[] {
    return this.#cells.filter((cell) => !this.ends.has(cell.id));
  }

  limitsOf(cell: Cell): Limits {
    return this.#limits.get(cell.id) ?? this.#inputs.limits;
  }

  /** Measured calls that succeeded. */
  count(cell: Cell): number {
    return this.#visitsOf(cell).reduce((sum, calls) => sum + calls.length, 0);
  }

  familiarity(cell: Cell): Familiarity {
    const callMs = this.#callMs.get(modelKey(cell));
    const input = this.#seen.has(inputKey(cell)) && this.#seen.has(connectionKey(cell));
    return { model: callMs !== undefined && !this.#cold.has(modelKey(cell)), input, callMs };
  }

  /** Whether a cell's connection is from before its server stood still: the server may have closed it. Once true, it is false. */
  isStale(cell: Cell): boolean {
    return this.#stale.delete(connectionKey(cell));
  }

  /** A server that stood still runs again: its models are warmed up as if they were new, over new connections. */
  thawed(server: string): void {
    for (const cell of this.#cells.filter((c) => c.server === server)) {
      this.#cold.add(modelKey(cell));
      if (this.#seen.delete(connectionKey(cell))) this.#stale.add(connectionKey(cell));
    }
  }

  /** Something else lies between two machines (`pairKey`): their connections know the way as it was, and are made anew. */
  relinked(pair: string): void {
    for (const cell of this.#cells.filter((c) => pairKey(c) === pair))
      if (this.#seen.delete(connectionKey(cell))) this.#stale.add(connectionKey(cell));
  }

  /** A visit's measured calls that succeeded. */
  measured(cell: Cell, latenciesMs: number[]): void {
    if (latenciesMs.length === 0) return;
    this.#visitsOf(cell).push(latenciesMs);
    const shortest = latenciesMs.reduce(
      (least, ms) => Math.min(least, ms),
      this.#callMs.get(modelKey(cell)) ?? Infinity,
    );
    this.#callMs.set(modelKey(cell), shortest);
    this.#noise.visited(cell.id, noiseKey(cell), latenciesMs);
  }

  /** A visit that went well to its end. */
  visited(cell: Cell, round: number): void {
    this.#seen.add(inputKey(cell)).add(connectionKey(cell));
    this.#cold.delete(modelKey(cell));
    this.endIfEnough(cell, round);
  }

  endIfEnough(cell: Cell, round: number): void {
    const reason = enough(this.#visitsOf(cell), this.limitsOf(cell), this.#noise.of(noiseKey(cell)));
    if (reason !== undefined) this.end(cell, round, reason);
  }

  end(cell: Cell, round: number, reason: CellEnd): void {
    this.ends.set(cell.id, reason);
    const values = this.#visitsOf(cell).flat();
    const known = { precision: precisionOf(values), stable: windowsStable(values, STABILITY) };
    this.#inputs.record({ type: "end", ...stampOf(cell, round), reason, n: values.length, ...known });
  }

  fail(cell: Cell, round: number, reason: Reason): void {
    const { code, message, client, void: isVoid } = reason;
    const error = { code, message, ...(client && { client }), ...(isVoid && { void: isVoid }) };
    this.#inputs.record({ type: "failure", ...stampOf(cell, round), error });
    this.end(cell, round, "failed");
  }

  #visitsOf(cell: Cell): number[][] {
    return this.#visits.get(cell.id) ?? [];
  }
}

/** What a cell is as noisy as: the same server kind, model, client kind, load and link, wherever it runs. */
const noiseKey = (cell: Cell) =>
  `${cell.serverKind ?? ""} ${cell.model} ${cell.client} ${cell.link?.name ?? ""} ${JSON.stringify(cell.load)} ${JSON.stringify(cell.levels ?? {})}`;

/** What every record of a cell says. */
export const stampOf = (cell: Cell, round: number) => ({ cell: cell.id, round, at: new Date().toISOString() });
