import type { z } from "zod";
import { messageOf } from "../../lib/errors.ts";
import type { VisitOutcome, WorkerLink } from "./agent/link.ts";
import type { AnswerMessage, CallMessage, VisitMessage } from "./agent/protocol.ts";
import { backlogCalls } from "../stats/backlog.ts";
import { whatFits } from "../schedule/budget.ts";
import { type Cell, connectionKey, inputKey, isPlain, modelKey } from "../matrix/cell.ts";
import { disturbances } from "../stats/disturbance.ts";
import {
  type Familiarity,
  type Limits,
  enough,
  leadInSize,
  limitsFor,
  visitSize,
  warmupSize,
} from "../matrix/limits.ts";
import { roundOrder } from "../matrix/cells.ts";
import { STABILITY, medianOf, precisionOf, windowsStable } from "../schedule/precision.ts";
import type { EndRecord, JournalRecord } from "../records/records.ts";
import { remaining, visitTimes } from "../schedule/remaining.ts";

/** Where a cell's requests go, as its client machine sees it. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** Where the server tells its own metrics, if it does. */
  readonly metrics?: { readonly port: number; readonly path: string; readonly security?: string };
  /** The version to ask for, where the latest is not the one. */
  readonly version?: number;
  /** Name of the security that the client machine was told; absent: in the clear. */
  readonly security?: string;
}

/** How far a run is, after each visit. */
export interface RunStatus {
  readonly visitsDone: number;
  /** Visits still to come in this round and, as far as can be told, all later ones: at most, for precision may end cells. */
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
  /** Latencies of measured calls that cells have from earlier, interrupted sessions of the same run, in order, by visit. */
  readonly already: ReadonlyMap<string, readonly (readonly number[])[]>;
  /** Cells whose end, other than by budget or failure, an earlier session has recorded. */
  readonly ended: ReadonlySet<string>;
  /** The first round that no earlier session has begun. */
  readonly firstRound: number;
  endpoint(cell: Cell): Endpoint;
  /** The worker on a client machine, with every image sent. Rejects with why there is none. */
  link(clientRole: string): Promise<WorkerLink>;
  /** Opens what lies between a cell's machines. Rejects with why it cannot be opened. */
  way?(cell: Cell): Promise<void>;
  /** What it throws ends the run: nothing more can be recorded. */
  record(record: JournalRecord): void;
  /** Words for why a cell's server may have failed, since so many milliseconds ago; undefined where nothing is known. */
  explain?(cell: Cell, sinceMs: number): Promise<string | undefined>;
  answer(cell: Cell, outputs: z.infer<typeof AnswerMessage>["outputs"]): void;
  onStatus(status: RunStatus): void;
  /** Monotonic clock, milliseconds. */
  now(): number;
}

/** What a call is told that the server itself has not refused. */
const LOST: ReadonlySet<string> = new Set(["UNAVAILABLE", "DEADLINE_EXCEEDED"]);

/** Why each cell ended: its median is known precisely enough, it has its calls, the time was up, or it failed. */
export type CellEnd = EndRecord["reason"];

/**
 * Runs the matrix in rounds: each round visits every cell that still lacks calls once, in an order shuffled by the seed; where
 * the budget is short, as many of them as `whatFits` finds time for.
 * A visit that fails ends its cell (the reason is recorded) and the others go on. A connection that cannot be opened, or
 * a client machine that cannot be reached, fails the cells that need it without trying again for each of them.
 *
 * @returns how each cell ended
 * @throws what `record` or `answer` threw, after the visit that was under way
 */
export async function runMatrix(inputs: RunInputs): Promise<Map<string, CellEnd>> {
  const { cells } = inputs;
  const measured = new Map(cells.map((cell) => [cell.id, [...(inputs.already.get(cell.id) ?? [])]]));
  const callMs = new Map<string, number>();
  const visitMs = new Map<string, number>();
  const seenInputs = new Set<string>();
  const seenConnections = new Set<string>();
  const deadEnds = new Map<string, { code: string; message: string }>();
  const ends = new Map<string, CellEnd>();
  const startedAt = inputs.now();
  let visitsDone = 0;
  const visitsOf = (cell: Cell) => measured.get(cell.id) ?? [];
  const count = (cell: Cell) => visitsOf(cell).reduce((sum, calls) => sum + calls.length, 0);
  const limits = new Map(cells.map((cell) => [cell.id, limitsFor(inputs.limits, cell.limits)]));
  const limitsOf = (cell: Cell) => limits.get(cell.id) ?? inputs.limits;
  const open = () => cells.filter((c) => !ends.has(c.id));
  const stamp = (cell: Cell, round: number) => ({ cell: cell.id, round, at: new Date().toISOString() });

  const end = (cell: Cell, round: number, reason: CellEnd) => {
    ends.set(cell.id, reason);
    const values = visitsOf(cell).flat();
    const known = { precision: precisionOf(values), stable: windowsStable(values, STABILITY) };
    inputs.record({ type: "end", ...stamp(cell, round), reason, n: values.length, ...known });
  };

  const fail = (cell: Cell, round: number, error: { code: string; message: string }) => {
    inputs.record({ type: "failure", ...stamp(cell, round), error: { code: error.code, message: error.message } });
    end(cell, round, "failed");
  };

  const endIfEnough = (cell: Cell, round: number) => {
    const reason = enough(visitsOf(cell), limitsOf(cell));
    if (reason !== undefined) end(cell, round, reason);
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
    try {
      await inputs.way?.(cell);
    } catch (error) {
      const reason = { code: "UNAVAILABLE", message: messageOf(error) };
      deadEnds.set(connection, reason);
      return fail(cell, round, reason);
    }
    const known: Familiarity = {
      model: callMs.has(modelKey(cell)),
      input: seenInputs.has(inputKey(cell)) && seenConnections.has(connection),
      callMs: callMs.get(modelKey(cell)),
    };
    const beganAt = inputs.now();
    const collected: number[] = [];
    const lost: unknown[] = [];
    const onOutcome = (m: CallMessage | z.infer<typeof AnswerMessage>) => {
      // Outcomes come out of streams, where a throw would end the process: it is kept until the visit is over.
      try {
        if (m.type === "answer") return inputs.answer(cell, m.outputs);
        const { visit: _visit, ...call } = m;
        inputs.record({ ...call, cell: cell.id, round });
        if (m.ok && m.phase === "measure") collected.push(m.totalMs);
      } catch (error) {
        lost.push(error);
      }
    };
    const outcome = await link
      .visit(visitMessage(inputs, cell, limitsOf(cell), { visitsDone, known, count: count(cell) }), onOutcome)
      .catch((e: unknown): VisitOutcome => ({
        error: { code: "UNAVAILABLE", message: messageOf(e), opening: false },
      }));
    if (lost.length > 0) throw lost[0];
    if (collected.length > 0) visitsOf(cell).push(collected);
    if (collected.length > 0)
      callMs.set(modelKey(cell), Math.min(callMs.get(modelKey(cell)) ?? Infinity, ...collected));
    const { warmup, client, server, error } = outcome;
    if (warmup !== undefined && client !== undefined) {
      const typicalMs = medianOf(Float64Array.from(collected).sort());
      const about = { callMs: typicalMs, overlap: !isPlain(cell), beside: cell.clientRole === cell.serverRole };
      const disturbed = collected.length === 0 ? [] : disturbances(client, about);
      const backlog = cell.ratePerSecond === undefined ? null : backlogCalls(collected, cell.ratePerSecond);
      const known = { ...(server && { server }), disturbed, ...(backlog !== null && { backlogCalls: backlog }) };
      inputs.record({ type: "visit", ...stamp(cell, round), warmup, client, ...known });
    }
    if (error !== undefined) {
      const why = LOST.has(error.code) ? await inputs.explain?.(cell, inputs.now() - beganAt) : undefined;
      const told = why === undefined ? error : { ...error, message: `${error.message}; ${why}` };
      if (error.opening) deadEnds.set(connection, told);
      return fail(cell, round, told);
    }
    seenInputs.add(inputKey(cell));
    seenConnections.add(connection);
    endIfEnough(cell, round);
  };

  const { budgetMs } = inputs.limits;
  const budgetLeft = () => (budgetMs === null ? Infinity : budgetMs - (inputs.now() - startedAt));
  for (const cell of cells) {
    // What an earlier session ended stays ended, by whatever rule.
    if (inputs.ended.has(cell.id)) ends.set(cell.id, count(cell) >= limitsOf(cell).requests ? "requests" : "precision");
    else endIfEnough(cell, inputs.firstRound);
  }
  for (let round = inputs.firstRound; open().length > 0; round++) {
    const shuffled = roundOrder(open(), inputs.seed, round);
    const order = whatFits(shuffled, (cell) => count(cell) > 0, visitTimes(visitMs), budgetLeft());
    if (order.length === 0) {
      for (const cell of shuffled) end(cell, round, "budget");
      break;
    }
    for (const [index, cell] of order.entries()) {
      if (budgetLeft() <= 0 && count(cell) > 0) continue;
      const before = inputs.now();
      await visit(cell, round);
      visitMs.set(cell.id, inputs.now() - before);
      visitsDone += 1;
      const left = remaining(order.slice(index + 1), open(), count, limitsOf, visitMs);
      inputs.onStatus({
        visitsDone,
        visitsLeft: left.visits,
        secondsLeft: Math.max(0, Math.min(left.ms, Math.max(budgetLeft(), left.thisRoundMs))) / 1000,
        cell,
        failedCells: [...ends.values()].filter((e) => e === "failed").length,
      });
    }
  }
  return ends;
}

function visitMessage(
  inputs: RunInputs,
  cell: Cell,
  limits: Limits,
  now: { visitsDone: number; known: Familiarity; count: number },
): VisitMessage {
  const warmup = warmupSize(now.known, limits);
  return {
    type: "visit",
    visit: now.visitsDone,
    clientKind: cell.clientKind,
    ...inputs.endpoint(cell),
    model: cell.model,
    image: cell.image,
    warmup: warmup.atLeast,
    warmupAtMost: warmup.atMost,
    concurrency: cell.concurrency ?? 1,
    ratePerSecond: cell.ratePerSecond ?? null,
    ...(cell.ratePerSecond === undefined ? {} : { leadIn: leadInSize(cell.ratePerSecond, limits) }),
    calls: visitSize(now.count, limits),
    blockMs: limits.blockMs,
    timeoutMs: limits.timeoutMs,
    keepAnswer: now.count === 0,
  };
}
