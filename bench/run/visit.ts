import { messageOf } from "../../lib/errors.ts";
import { modeOf } from "../loads/registry.ts";
import { type Cell, connectionKey, isPlain } from "../matrix/cell.ts";
import type { JournalRecord } from "../records/records.ts";
import type { ServerUse } from "../records/server-use.ts";
import { median } from "../stats/math/quantile.ts";
import { seedOf } from "../stats/math/random.ts";
import { dueEveryMs, leadInSize, visitBounds, warmupSize } from "../schedule/visit-size.ts";
import { LOOPBACK } from "../targets/routes.ts";
import { backlogCalls } from "../stats/backlog.ts";
import { disturbances } from "../stats/disturbance.ts";
import type { CallOutcome, VisitOutcome, WorkerLink } from "./agent/link.ts";
import type { VisitMessage } from "./agent/protocol.ts";
import { type CellBook, type Reason, stampOf } from "./cell-book.ts";
import type { RunInputs } from "./inputs.ts";

/** What a call reports that the server itself has not refused. */
const LOST: ReadonlySet<string> = new Set(["UNAVAILABLE", "DEADLINE_EXCEEDED"]);

/** A visit's outcome, with whether the client machine failed. */
type Outcome = Omit<VisitOutcome, "error"> & { readonly error?: (Reason & { readonly opening: boolean }) | undefined };

interface Calls {
  readonly outcome: Outcome;
  readonly latenciesMs: number[];
  readonly answers: number;
}

/** Makes visits to cells, one after the other. */
export class Visitor {
  readonly #inputs: RunInputs;
  readonly #book: CellBook;
  /** Why client machines and connections cannot be reached: cells that need them are not tried again for each of them. */
  readonly #deadEnds = new Map<string, Reason>();
  /** When each server last answered. */
  readonly #answeredAt = new Map<string, number>();
  #visits = 0;

  constructor(inputs: RunInputs, book: CellBook) {
    this.#inputs = inputs;
    this.#book = book;
  }

  /** Forgets what could not be reached: it is tried again. */
  tryAgain(): void {
    this.#deadEnds.clear();
  }

  /** Visits a cell, for the book and the records. Throws what `record` or `answer` threw, once the visit is over. */
  async visit(cell: Cell, round: number): Promise<void> {
    const link = await this.#reach(cell);
    if ("code" in link) return this.#book.fail(cell, round, link);
    const stood = await this.#takeTurn(cell, round);
    if (stood !== undefined) return this.#book.fail(cell, round, stood);
    // What makes calls fail may have happened since the last answer, before this visit.
    const fineAt = this.#answeredAt.get(cell.server) ?? this.#inputs.now();
    const watched = await this.#inputs.watchServer?.(cell);
    const { outcome, latenciesMs, answers } = await this.#calls(link, cell, round);
    const used = await watched?.();
    const use = used && { ...used, answers };
    const lost = this.#inputs.lostLink?.(cell);
    if (lost === undefined) this.#book.measured(cell, latenciesMs);
    const record = visitRecord(cell, round, this.#seedOf(cell, round), outcome, latenciesMs, use);
    if (record !== undefined) this.#inputs.record(record);
    if (lost !== undefined) return this.#book.fail(cell, round, { code: "UNAVAILABLE", message: lost, void: true });
    const { error } = outcome;
    if (error === undefined) return this.#book.visited(cell, round);
    const why = LOST.has(error.code) ? await this.#inputs.explain?.(cell, this.#inputs.now() - fineAt) : undefined;
    const reason = why === undefined ? error : { ...error, message: `${error.message}; ${why}` };
    if (error.opening) this.#deadEnds.set(wayKey(cell), reason);
    this.#book.fail(cell, round, reason);
  }

  /** The worker that makes a cell's calls, with the route to its server open; or why there is none. */
  async #reach(cell: Cell): Promise<WorkerLink | Reason> {
    const connection = wayKey(cell);
    const known = this.#deadEnds.get(connection) ?? this.#deadEnds.get(cell.clientMachine);
    if (known !== undefined) return known;
    const deadEnd = (key: string, message: string, client?: true): Reason => {
      const reason = { code: "UNAVAILABLE", message, client };
      this.#deadEnds.set(key, reason);
      return reason;
    };
    let link: WorkerLink;
    try {
      link = await this.#inputs.link(cell.clientMachine);
    } catch (error) {
      return deadEnd(cell.clientMachine, `client machine "${cell.clientMachine}": ${messageOf(error)}`, true);
    }
    try {
      await this.#inputs.openRoute?.(cell);
    } catch (error) {
      return deadEnd(connection, messageOf(error));
    }
    return link;
  }

  /** Lets a cell's server run alone on its machine, and lays what its calls go over; why it cannot, where that is so. */
  async #takeTurn(cell: Cell, round: number): Promise<Reason | undefined> {
    try {
      if (await this.#inputs.takeTurn?.(cell)) this.#book.thawed(cell.server);
      for (const pair of (await this.#inputs.takeLink?.(cell, round)) ?? []) this.#book.relinked(pair);
      return undefined;
    } catch (error) {
      return { code: "UNAVAILABLE", message: messageOf(error) };
    }
  }

  /** Makes a visit's calls and records them as they come. */
  async #calls(link: WorkerLink, cell: Cell, round: number): Promise<Calls> {
    const latenciesMs: number[] = [];
    let answers = 0;
    const lost: unknown[] = [];
    const onOutcome = (m: CallOutcome) => {
      // Outcomes come out of streams, where a throw would end the process: it is kept until the visit is over.
      try {
        if (m.type === "answer") return this.#inputs.answer(cell, m);
        const { visit: _visit, ...call } = m;
        this.#inputs.record({ ...call, cell: cell.id, round });
        if (m.ok) {
          this.#answeredAt.set(cell.server, this.#inputs.now());
          answers++;
        }
        if (m.ok && m.phase === "measure") latenciesMs.push(m.totalMs);
      } catch (error) {
        lost.push(error);
      }
    };
    // What the agent cannot do says nothing of the server.
    const outcome = await link.visit(this.#message(cell, round), onOutcome).catch((error: unknown): Outcome => ({
      error: { code: "UNAVAILABLE", message: messageOf(error), opening: false, client: true },
    }));
    if (lost.length > 0) throw lost[0];
    return { outcome, latenciesMs, answers };
  }

  /** What a visit's random times are drawn from: the same if a killed session's round is made again. Undefined where none are drawn. */
  #seedOf(cell: Cell, round: number): number | undefined {
    const draws = modeOf(cell.load).gapShare !== undefined;
    return draws ? seedOf(`${cell.id} ${round}`, this.#inputs.seed) : undefined;
  }

  #message(cell: Cell, round: number): VisitMessage {
    const limits = this.#book.limitsOf(cell);
    const count = this.#book.count(cell);
    const warmup = warmupSize(this.#book.familiarity(cell), limits);
    const seed = this.#seedOf(cell, round);
    const times = this.#inputs.times?.(cell);
    const route = this.#inputs.route(cell);
    return {
      type: "visit",
      visit: this.#visits++,
      client: cell.client,
      ...route,
      model: cell.model,
      image: cell.image,
      warmup: warmup.atLeast,
      warmupAtMost: warmup.atMost,
      load: cell.load,
      leadIn: this.#inputs.leadIn?.(cell) ?? leadInSize(cell.load, limits),
      ...visitBounds(cell.load, count, limits),
      ...(seed !== undefined && { seed }),
      ...(times !== undefined && { times: [...times] }),
      timeoutMs: limits.timeoutMs,
      keepAnswer: count === 0,
      ...(this.#book.isStale(cell) && { anew: true }),
      // What lies between two machines, if nobody has laid it.
      ...(cell.link !== undefined ? { tcp: true } : isPlain(cell) && route.address !== LOOPBACK && { roundTrip: true }),
    };
  }
}

/** A connection, and what it goes over: what cannot be opened over one link may be over another. */
const wayKey = (cell: Cell) => `${connectionKey(cell)} ${cell.link?.name ?? ""}`;

/** What is recorded of a visit besides its calls; undefined if it came to no measured call. */
function visitRecord(
  cell: Cell,
  round: number,
  seed: number | undefined,
  { warmup, client, server, minRttMs }: Outcome,
  latenciesMs: readonly number[],
  use: ServerUse | undefined,
): JournalRecord | undefined {
  if (warmup === undefined || client === undefined) return undefined;
  const callMs = median(latenciesMs);
  const overlap = modeOf(cell.load).connections(cell.load) > 1;
  const about = { callMs, overlap, beside: cell.local };
  const dueMs = dueEveryMs(cell.load);
  const backlog = dueMs === undefined ? null : backlogCalls(latenciesMs, 1000 / dueMs);
  return {
    type: "visit",
    ...stampOf(cell, round),
    warmup,
    client,
    ...(server && { server }),
    ...(use && { use }),
    disturbed: latenciesMs.length === 0 ? [] : disturbances(client, about),
    calls: latenciesMs.length,
    ...(seed !== undefined && { seed }),
    ...(backlog !== null && { backlogCalls: backlog }),
    ...(minRttMs !== undefined && { minRttMs }),
  };
}
