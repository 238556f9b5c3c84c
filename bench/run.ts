import { messageOf } from "../lib/errors.ts";
import type { WorkerLink } from "./agent/link.ts";
import type { AnswerMessage, CallMessage } from "./agent/protocol.ts";
import type { z } from "zod";
import { type Cell, connectionKey, inputKey, modelKey } from "./cell.ts";
import { type Familiarity, type Limits, visitSize, warmupSize } from "./limits.ts";
import { roundOrder } from "./plan.ts";
import type { BenchRecord } from "./records.ts";

/** Where a cell's requests go, as its client machine sees it. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** How far a run is, after each visit. */
export interface RunStatus {
  readonly visitsDone: number;
  /** Visits still to come in this round and, as far as can be told, all later ones. */
  readonly visitsLeft: number;
  readonly secondsLeft: number;
  readonly cell: Cell;
  readonly failedCells: number;
}

/** What a run needs from the outside; everything that acts comes in here. */
export interface RunInputs {
  readonly cells: readonly Cell[];
  readonly limits: Limits;
  /** Shuffles the order of visits. */
  readonly seed: number;
  /** Measured calls that cells have from an earlier, interrupted session of the same run. */
  readonly already: ReadonlyMap<string, number>;
  /** The round an earlier session got to. */
  readonly firstRound: number;
  endpoint(cell: Cell): Endpoint;
  /** The worker on a client machine, with every image sent. Rejects with why there is none. */
  link(clientRole: string): Promise<WorkerLink>;
  record(record: BenchRecord): void;
  answer(cell: Cell, outputs: z.infer<typeof AnswerMessage>["outputs"]): void;
  onStatus(status: RunStatus): void;
  /** Monotonic clock, milliseconds. */
  now(): number;
}

/** Why each cell ended: it has its calls, the time was up, or it failed. */
export type CellEnd = "requests" | "budget" | "failed";

/**
 * Runs the matrix in rounds: each round visits every cell that still lacks calls once, in an order shuffled by the seed.
 * A visit that fails ends its cell (the reason is recorded) and the others go on. A connection that cannot be opened, or
 * a client machine that cannot be reached, fails the cells that need it without trying again for each of them.
 *
 * @returns how each cell ended
 */
export async function runMatrix(inputs: RunInputs): Promise<Map<string, CellEnd>> {
  const { cells, limits } = inputs;
  const measured = new Map(inputs.already);
  const callMs = new Map<string, number>();
  const visitMs = new Map<string, number>();
  const seenInputs = new Set<string>();
  const seenConnections = new Set<string>();
  const deadEnds = new Map<string, { code: string; message: string }>();
  const ends = new Map<string, CellEnd>();
  const startedAt = inputs.now();
  let visitsDone = 0;
  const count = (cell: Cell) => measured.get(cell.id) ?? 0;
  const open = () => cells.filter((c) => !ends.has(c.id));

  for (const cell of cells) if (count(cell) >= limits.requests) ends.set(cell.id, "requests");

  const fail = (cell: Cell, round: number, error: { code: string; message: string }) => {
    ends.set(cell.id, "failed");
    inputs.record({ type: "failure", cell: cell.id, round, at: new Date().toISOString(), error });
  };

  const visit = async (cell: Cell, round: number): Promise<void> => {
    const connection = connectionKey(cell);
    const deadEnd = deadEnds.get(connection) ?? deadEnds.get(cell.clientRole);
    if (deadEnd !== undefined) return fail(cell, round, deadEnd);
    let link: WorkerLink;
    try {
      link = await inputs.link(cell.clientRole);
    } catch (error) {
      const reason = { code: "UNAVAILABLE", message: `client machine "${cell.clientRole}": ${messageOf(error)}` };
      deadEnds.set(cell.clientRole, reason);
      return fail(cell, round, reason);
    }
    const known: Familiarity = {
      model: callMs.has(modelKey(cell)),
      input: seenInputs.has(inputKey(cell)) && seenConnections.has(connection),
      callMs: callMs.get(modelKey(cell)),
    };
    const collected: number[] = [];
    const onOutcome = (m: CallMessage | z.infer<typeof AnswerMessage>) => {
      if (m.type === "answer") return inputs.answer(cell, m.outputs);
      const { visit: _visit, ...call } = m;
      inputs.record({ ...call, cell: cell.id, round });
      if (m.ok && m.phase === "measure") collected.push(m.totalMs);
    };
    const error = await link
      .visit(
        {
          type: "visit",
          visit: visitsDone,
          clientKind: cell.clientKind,
          ...inputs.endpoint(cell),
          model: cell.model,
          image: cell.image,
          warmup: warmupSize(known, limits),
          calls: visitSize(count(cell), limits),
          blockMs: limits.blockMs,
          timeoutMs: limits.timeoutMs,
          keepAnswer: count(cell) === 0,
        },
        onOutcome,
      )
      .catch((e: unknown) => ({ code: "UNAVAILABLE", message: messageOf(e), opening: false }));
    measured.set(cell.id, count(cell) + collected.length);
    if (collected.length > 0)
      callMs.set(modelKey(cell), Math.min(callMs.get(modelKey(cell)) ?? Infinity, ...collected));
    if (error !== undefined) {
      if (error.opening) deadEnds.set(connection, error);
      return fail(cell, round, { code: error.code, message: error.message });
    }
    seenInputs.add(inputKey(cell));
    seenConnections.add(connection);
    if (count(cell) >= limits.requests) ends.set(cell.id, "requests");
  };

  const timeIsUp = () => limits.budgetMs !== null && inputs.now() - startedAt >= limits.budgetMs;

  for (let round = inputs.firstRound; open().length > 0; round++) {
    const order = roundOrder(open(), inputs.seed, round);
    for (const [index, cell] of order.entries()) {
      if (timeIsUp() && count(cell) > 0) {
        ends.set(cell.id, "budget");
        continue;
      }
      const before = inputs.now();
      await visit(cell, round);
      visitMs.set(cell.id, inputs.now() - before);
      visitsDone += 1;
      const left = remaining(order.slice(index + 1), open(), count, limits, visitMs);
      const budgetLeft = limits.budgetMs === null ? Infinity : limits.budgetMs - (inputs.now() - startedAt);
      inputs.onStatus({
        visitsDone,
        visitsLeft: left.visits,
        secondsLeft: Math.max(0, Math.min(left.ms, Math.max(budgetLeft, left.thisRoundMs))) / 1000,
        cell,
        failedCells: [...ends.values()].filter((e) => e === "failed").length,
      });
    }
  }
  return ends;
}

/** Visits and time still to come, from what visits took so far. */
function remaining(
  restOfRound: readonly Cell[],
  open: readonly Cell[],
  count: (cell: Cell) => number,
  limits: Limits,
  visitMs: ReadonlyMap<string, number>,
): { visits: number; ms: number; thisRoundMs: number } {
  const groups = new Map<string, number[]>();
  const all: number[] = [];
  const group = (id: string) => id.split(" ").slice(0, 3).join(" ");
  for (const [id, ms] of visitMs) {
    const list = groups.get(group(id)) ?? [];
    groups.set(group(id), [...list, ms]);
    all.push(ms);
  }
  const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const estimate = (cell: Cell) => {
    const alike = groups.get(group(cell.id));
    return visitMs.get(cell.id) ?? (alike === undefined ? average(all) : average(alike));
  };
  const unvisited = restOfRound.filter((c) => count(c) === 0);
  let visits = 0;
  let ms = 0;
  for (const cell of open) {
    const own = Math.ceil(Math.max(0, limits.requests - count(cell)) / limits.blockRequests);
    visits += own;
    ms += own * estimate(cell);
  }
  return { visits, ms, thisRoundMs: unvisited.reduce((sum, cell) => sum + estimate(cell), 0) };
}
