import { mkdtemp, rm } from "node:fs/promises";
import { cpus, freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { servePrograms } from "../infra/host-programs/serve.ts";
import { initStackOnly } from "../infra/pulumi/cli.ts";
import { messageOf } from "../lib/errors.ts";
import { NOTHING_YET, type RunState } from "./engine-events.ts";
import type { LanguageHost } from "./language-host.ts";
import { lastWords, start, type Operation } from "./operation.ts";
import type { KnownStack } from "./stacks.ts";
import { secondsOf, type Action, type StackStatus } from "./status.ts";
import { expected, fleetFolder, readTimes, rememberTimes } from "./times.ts";

/** What is to be done with which stacks. */
export interface FleetPlan {
  readonly action: Action;
  readonly stacks: readonly KnownStack[];
  /** The Pulumi project's folder. */
  readonly projectDir: string;
  /** Added to the engines' environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Engines at work at once, at most. */
  readonly parallel: number;
  /** `up`: look at the machines first. */
  readonly refresh?: boolean;
  /** `down`: forget the stack and its config file too. */
  readonly forget?: boolean;
}

/** A run of many engines. */
export interface FleetRun {
  /** Every stack as it ended. Never rejects for a stack that failed: the others go on. */
  readonly ended: Promise<readonly StackStatus[]>;
  /** Begins no more stacks and asks the engines at work to stop; a second time ends them at once. */
  interrupt(): void;
}

/** Memory that an engine with its plugins and host programs takes, about. */
const ENGINE_BYTES = 350 * 2 ** 20;

/** Engines at once by default. They mostly wait for machines: more than processors, as many as memory allows. */
export function defaultParallel(processors = cpus().length, freeBytes = freemem()): number {
  return Math.max(1, Math.min(4 * processors, Math.floor(freeBytes / ENGINE_BYTES)));
}

/** Brings stacks up or down, several at once; one that fails stops no other. `onChange` gets all at each change. */
export function runFleet(plan: FleetPlan, onChange: (all: readonly StackStatus[]) => void): FleetRun {
  const engines = new Set<Operation>();
  let interrupted = false;
  return {
    ended: work(plan, engines, () => interrupted, onChange),
    interrupt() {
      interrupted = true;
      for (const engine of engines) engine.interrupt();
    },
  };
}

async function work(
  plan: FleetPlan,
  engines: Set<Operation>,
  interrupted: () => boolean,
  onChange: (all: readonly StackStatus[]) => void,
): Promise<readonly StackStatus[]> {
  const { action, projectDir, env = {} } = plan;
  const folder = await fleetFolder(projectDir);
  const times = await readTimes(folder);
  const shared = await share(action);
  const all = plan.stacks.map((stack) => waiting(action, stack, folder, times));
  const set = (i: number, change: Partial<StackStatus>): StackStatus => {
    const status = { ...(all[i] as StackStatus), ...change };
    all[i] = status;
    onChange(all);
    return status;
  };
  const endOf = async (i: number, stack: KnownStack, log: string): Promise<Partial<StackStatus>> => {
    const ref = { stack: stack.name, projectDir, env: { ...shared.env, ...env } };
    const [socket, onState] = [join(shared.dir, `engine-${i}`), (state: RunState) => void set(i, { state })];
    try {
      if (stack.deployed === undefined) await initStackOnly(ref);
      const engine = start({ ref, args: argsOf(plan), socket, languageHost: shared.languageHost, log, onState });
      engines.add(engine);
      // It may have come while the engine was being started.
      if (interrupted()) engine.interrupt();
      const { code, state } = await engine.ended.finally(() => engines.delete(engine));
      if (code === 0) return { state, result: action };
      const words = state.errors.join("\n") || (await lastWords(log));
      const reason = words || `pulumi ended with exit code ${code ?? "none"}`;
      return { state, result: interrupted() ? "stopped" : "failed", reason };
    } catch (error) {
      // Whatever it is (a full disk here, for one), the other stacks go on.
      return { state: NOTHING_YET, result: "failed", reason: messageOf(error) };
    }
  };
  const queue = [...plan.stacks.entries()];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [i, stack] = next;
      if (interrupted()) set(i, { result: "not begun" });
      else set(i, { ...(await endOf(i, stack, set(i, { startedAt: Date.now() }).log)), endedAt: Date.now() });
    }
  };
  const workers = Math.min(queue.length, plan.parallel);
  await Promise.all(Array.from({ length: workers }, worker)).finally(() => shared.close());
  const took = (s: StackStatus) => ({ seconds: secondsOf(s, Date.now()), steps: s.state.done.size });
  const good = all.filter((s) => s.result === action).map((s) => ({ stack: s.stack, kind: s.kind, took: took(s) }));
  await rememberTimes(folder, good);
  return all;
}

/** What the engines of a run reach of this process, in a folder that only this user may enter. */
async function share(action: Action) {
  const languageHost = action === "up" ? await stacksHost() : undefined;
  const dir = await mkdtemp(join(tmpdir(), "lathe-"));
  const path = join(dir, "programs");
  const programs = await servePrograms(path);
  return {
    dir,
    /** Where what the engines start finds the process that runs resources' programs. */
    env: { LATHE_PROGRAMS: path },
    /** Runs the stacks' programs; `destroy` needs none. */
    languageHost,
    async close() {
      languageHost?.close();
      programs.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Loads Pulumi's SDK and the stacks' program, 0.6 s of a processor: only where they are needed. */
async function stacksHost(): Promise<LanguageHost> {
  const { languageHost } = await import("./language-host.ts");
  const { stackProgram } = await import("../stacks/program.ts");
  return languageHost(stackProgram);
}

function waiting(action: Action, stack: KnownStack, dir: string, times: Parameters<typeof expected>[0]): StackStatus {
  // A stack that holds itself and nothing else is not up.
  const kind = action === "down" ? "down" : (stack.deployed?.resources ?? 0) > 1 ? "again" : "first";
  return {
    stack: stack.name,
    host: stack.name === "dev" ? "this machine" : stack.host,
    kind,
    expected: expected(times, stack.name, kind),
    state: NOTHING_YET,
    log: join(dir, `${stack.name.replaceAll("/", "-")}.${action}.log`),
  };
}

/** `pulumi`'s arguments. No preview: `up` computes the same differences as it goes; `destroy` runs no program. */
function argsOf({ action, refresh, forget }: FleetPlan): string[] {
  const verb = action === "up" ? "up" : "destroy";
  return [verb, "--yes", "--skip-preview", ...(refresh ? ["--refresh"] : []), ...(forget ? ["--remove"] : [])];
}
