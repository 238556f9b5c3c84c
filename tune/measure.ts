import { setTimeout as sleep } from "node:timers/promises";
import type { Load } from "../bench/loads/load.ts";
import type { CallOutcome, VisitOutcome, WorkerLink } from "../bench/run/agent/link.ts";
import { allPorts, type VisitMessage } from "../bench/run/agent/protocol.ts";
import type { ServerUse } from "../bench/records/server-use.ts";
import { UserError, messageOf } from "../lib/errors.ts";
import type { VisitPlan } from "./objective.ts";
import type { Block } from "./race/types.ts";
import type { Route } from "../bench/targets/routes.ts";

/** An arm's variant, as visits need it. */
export interface Visited {
  readonly route: Route;
  /** Whether it was frozen until now: its connections are old, and the processor's caches have data of others. */
  readonly thawed: boolean;
  /** Whether it has answered nothing yet. */
  readonly isNew: boolean;
  /** Reads what it has used so far. The returned function reads again, and returns the difference. */
  watch(): Promise<() => Promise<ServerUse | undefined>>;
}

/** Functions that act on variants and client machines; tests replace them. */
export interface MeasureTools {
  /** Lets an arm's variant run, and no other. Rejects with why it cannot run. */
  run(arm: string, needed: readonly string[]): Promise<Visited>;
  /** Why an arm's variant does not run; undefined if it does. */
  whyDown(arm: string): Promise<string | undefined>;
  remove(arm: string): Promise<void>;
  /** Notes that an arm's variant has answered for the first time. */
  answered(arm: string): Promise<void>;
  link(): Promise<WorkerLink>;
  /** Monotonic clock, ms. */
  now(): number;
}

/** What a tuning's visits call, and how. */
export interface Calls {
  readonly client: string;
  readonly model: string;
  readonly image: string;
  readonly load: Load;
  /** Whether the CPU time of the server is measured. */
  readonly withCpu: boolean;
  /** Seconds from a container's start until it must have answered. */
  readonly startSeconds: number;
}

/** Milliseconds between two calls to a server that starts. */
const POLL_MS = 500;
/** Time limit of the call that shows whether a server answers, milliseconds. */
const FIRST_CALL_MS = 60_000;
/** Least and most warm-up calls after a start and after a thaw. They end when calls get no faster any more. */
const WARM = { start: { warmup: 4, warmupAtMost: 20 }, thaw: { warmup: 2, warmupAtMost: 10 } } as const;
/** How much longer than planned a visit may take before its client machine counts as gone. */
const SLACK_MS = 60_000;

/** Makes visits to arms. */
export class Measurer {
  readonly #tools: MeasureTools;
  readonly #calls: Calls;
  #visits = 0;

  constructor(tools: MeasureTools, calls: Calls) {
    this.#tools = tools;
    this.#calls = calls;
  }

  /**
   * Visits an arm. If its variant does not start, hangs or is killed, that is a result (`killed`) and no error.
   *
   * @throws UserError if the client machine can make no calls any more
   */
  async visit(arm: string, plan: VisitPlan, needed: readonly string[] = []): Promise<Block> {
    const from = this.#tools.now();
    const seconds = () => (this.#tools.now() - from) / 1000;
    const nothing = { arm, latenciesMs: [], answeredPerSecond: 0, failures: 0 };
    const link = await this.#tools.link();
    try {
      const visited = await this.#tools.run(arm, needed);
      if (visited.isNew) {
        await this.#untilItAnswers(link, arm, visited, from);
        await this.#tools.answered(arm);
      }
      const block = await this.#measured(link, arm, visited, plan);
      return { ...block, seconds: seconds() };
    } catch (error) {
      if (error instanceof ClientGone) throw error;
      const killed = messageOf(error).split("\n")[0] ?? "";
      await this.#tools.remove(arm);
      return { ...nothing, seconds: seconds(), killed };
    }
  }

  /** Makes an arm's server start anew at its next visit. */
  restart(arm: string): Promise<void> {
    return this.#tools.remove(arm);
  }

  /** The time of one call of an arm that has answered before, the fastest of some. Milliseconds. */
  async callMs(arm: string): Promise<number> {
    const plan = { blockMs: 3000, leadIn: 0, calls: 10, timeoutMs: FIRST_CALL_MS };
    const load = { mode: "closed-loop", concurrency: 1 };
    const { latenciesMs, killed } = await new Measurer(this.#tools, { ...this.#calls, load }).visit(arm, plan);
    if (killed === undefined && latenciesMs.length > 0) return Math.min(...latenciesMs);
    throw new UserError({
      what: `the server with the rule's own settings does not answer: ${killed ?? "its calls fail"}`,
      expected: "a server that answers with the rule's settings",
      fix: "npx lathe up --refresh, and look at the server's log on its machine",
    });
  }

  async #untilItAnswers(link: WorkerLink, arm: string, visited: Visited, from: number): Promise<void> {
    const deadline = from + 1000 * this.#calls.startSeconds;
    // A call to each of its replicas at once: every connection begins one.
    const calls = allPorts(visited.route).length;
    const load = { mode: "closed-loop", concurrency: calls };
    const once = { warmup: 0, warmupAtMost: 0, calls, leadIn: 0, blockMs: FIRST_CALL_MS, load, anew: true };
    for (;;) {
      const timeoutMs = Math.max(1000, Math.min(FIRST_CALL_MS, deadline - this.#tools.now()));
      const { outcome, latenciesMs } = await this.#made(link, { ...once, timeoutMs }, visited);
      if (latenciesMs.length === calls) return;
      const down = await this.#tools.whyDown(arm);
      if (down !== undefined) throw new UserError({ what: down });
      if (this.#tools.now() >= deadline)
        throw new UserError({
          what: `it did not answer within ${this.#calls.startSeconds} s of its start: ${outcome.error?.message ?? "?"}`,
        });
      await sleep(POLL_MS);
    }
  }

  async #measured(link: WorkerLink, arm: string, visited: Visited, plan: VisitPlan): Promise<Omit<Block, "seconds">> {
    const warm = visited.isNew ? WARM.start : WARM.thaw;
    const read = this.#calls.withCpu ? await visited.watch() : undefined;
    const visit = { ...warm, ...plan, load: this.#calls.load, anew: visited.thawed };
    const { outcome, latenciesMs, answered, failures } = await this.#made(link, visit, visited);
    const use = await read?.();
    const spanMs = outcome.client?.spanMs ?? 0;
    if (outcome.error !== undefined) {
      const down = await this.#tools.whyDown(arm);
      if (down !== undefined) throw new UserError({ what: down });
      if (latenciesMs.length === 0 && outcome.error.code === "DEADLINE_EXCEEDED")
        throw new UserError({ what: `it hangs: no answer within ${plan.timeoutMs / 1000} s` });
    }
    // The CPU time is that of all calls, warm-up and lead-in included.
    const share = latenciesMs.length / Math.max(1, answered);
    return {
      ...{ arm, latenciesMs, failures: Math.max(failures, outcome.error === undefined ? 0 : 1) },
      answeredPerSecond: spanMs > 0 ? (1000 * latenciesMs.length) / spanMs : 0,
      ...(use?.cpuMs === undefined ? {} : { cpuSeconds: (share * use.cpuMs) / 1000 }),
    };
  }

  async #made(
    link: WorkerLink,
    visit: Pick<
      VisitMessage,
      "warmup" | "warmupAtMost" | "load" | "leadIn" | "calls" | "blockMs" | "timeoutMs" | "anew"
    >,
    { route }: Visited,
  ): Promise<{ outcome: VisitOutcome; latenciesMs: number[]; answered: number; failures: number }> {
    const { client, model, image } = this.#calls;
    const latenciesMs: number[] = [];
    let [answered, failures] = [0, 0];
    const onOutcome = (m: CallOutcome) => {
      if (m.type !== "call") return;
      if (!m.ok) failures++;
      else answered++;
      if (m.ok && m.phase === "measure") latenciesMs.push(m.totalMs);
    };
    const message: VisitMessage = {
      ...{ type: "visit", visit: this.#visits++, client, model, image, keepAnswer: false },
      ...route,
      ...visit,
    };
    const most = 4 * visit.blockMs + 20 * visit.timeoutMs + SLACK_MS;
    const timer = new AbortController();
    const late = sleep(most, undefined, { signal: timer.signal, ref: false }).then(() => {
      throw new ClientGone({ what: `the client machine has not ended a visit within ${most / 1000} s` });
    });
    late.catch(() => {});
    try {
      const ended = link.visit(message, onOutcome).catch((error: unknown) => {
        throw new ClientGone({ what: `the client machine is gone: ${messageOf(error)}` });
      });
      return { outcome: await Promise.race([ended, late]), latenciesMs, answered, failures };
    } finally {
      timer.abort();
    }
  }
}

/** The client machine can make no calls any more. No arm is to blame. */
export class ClientGone extends UserError {}
