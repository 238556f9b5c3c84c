import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { UserError } from "../../lib/errors.ts";
import { repoRoot } from "../../lib/paths.ts";
import { formatSeconds } from "../../lib/progress.ts";
import { resolveToolchain, type Toolchain } from "../../toolchain/index.ts";
import { PULUMI_OPERATION_MS, PULUMI_QUERY_MS, PULUMI_STOP_MS } from "../deadlines.ts";

/*
 * The one place that starts `pulumi`: with Lathe's toolchain, in a project's folder, asking nothing, and with a time limit.
 */

/** Where `pulumi` runs. */
export interface Project {
  /** The Pulumi project's folder, where the stacks' config files lie. Default: the checkout; see `projectFolder`. */
  readonly projectDir?: string;
  /** Added to this process's environment: `PULUMI_BACKEND_URL`, `PULUMI_CONFIG_PASSPHRASE`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Each line that the engine prints, as it comes. */
  readonly onLine?: (line: string) => void;
}

/** What a run of the engine left behind. */
export interface EngineResult {
  /** Null if a signal ended it. */
  readonly code: number | null;
  /** Both streams, in order. */
  readonly output: string;
  readonly stdout: string;
}

export interface EngineOptions {
  /**
   * A file descriptor that takes all that the engine prints, in place of `onLine` and of the result. The engine is then a
   * group of processes of its own, out of the terminal's reach: should this process be killed, it goes on to its end and
   * leaves no lock and no half-known resource.
   */
  readonly log?: number;
  /** Milliseconds after which it is asked to stop, and later killed. Default: by what it is to do. */
  readonly timeoutMs?: number;
}

/** An engine at work. */
export interface Engine {
  readonly ended: Promise<EngineResult>;
  readonly signal: (signal: NodeJS.Signals) => void;
}

/** Plugins of an engine that was killed hold its pipes open: this long after its end nobody waits for more words. */
const LAST_WORDS_MS = 2000;

let known: Promise<Toolchain> | undefined;

/** This machine's toolchain, looked for once a process: it asks `pulumi` for its version. */
function engineToolchain(): Promise<Toolchain> {
  known ??= resolveToolchain().catch((error: unknown) => {
    known = undefined;
    throw error;
  });
  return known;
}

/** Starts `pulumi`. `ended` never rejects for its exit code, only where it cannot be started. */
export async function startPulumi(
  project: Project,
  args: readonly string[],
  options: EngineOptions = {},
): Promise<Engine> {
  const { log, timeoutMs = limitOf(args) } = options;
  const child = spawn("pulumi", always(args), {
    ...(await surroundings(project)),
    stdio: ["ignore", log ?? "pipe", log ?? "pipe"],
    detached: log !== undefined,
  });
  return { ended: endOf(child, project, args, timeoutMs), signal: (signal) => void child.kill(signal) };
}

/** Runs `pulumi` to its end. Never throws for its exit code. */
export async function pulumi(project: Project, args: readonly string[]): Promise<EngineResult> {
  return (await startPulumi(project, args)).ended;
}

/** The fault of an engine that failed, by what it printed. */
export function engineFault(args: readonly string[], printed: string): UserError {
  if (!/PULUMI_ACCESS_TOKEN|pulumi login/.test(printed))
    return new UserError({ what: `pulumi ${args.join(" ")} failed: ${printed}` });
  return new UserError({
    what: "Pulumi does not know where this user's stacks are kept",
    fix: "npx lathe pulumi login --local (or your own backend)",
  });
}

function always(args: readonly string[]): string[] {
  return [...args, "--non-interactive", "--color", "never"];
}

async function surroundings({ projectDir, env }: Project) {
  const toolchain = await engineToolchain();
  // What it and the ssh of its providers say is read, in English.
  return { cwd: projectDir ?? repoRoot, env: { ...process.env, LC_ALL: "C", ...toolchain.env, ...env } };
}

function limitOf([verb = ""]: readonly string[]): number {
  return ["up", "destroy", "refresh"].includes(verb) ? PULUMI_OPERATION_MS : PULUMI_QUERY_MS;
}

function endOf(
  child: ChildProcess,
  { onLine }: Project,
  args: readonly string[],
  timeoutMs: number,
): Promise<EngineResult> {
  return new Promise((resolve, reject) => {
    const all: string[] = [];
    const out: string[] = [];
    for (const [stream, lines] of [[child.stdout, out] as const, [child.stderr, undefined] as const]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        all.push(line);
        lines?.push(line);
        onLine?.(line);
      });
    }
    let timer = setTimeout(() => {
      all.push(`error: pulumi ${args.join(" ")} did not end in ${formatSeconds(timeoutMs / 1000)}`);
      child.kill("SIGINT");
      timer = setTimeout(() => child.kill("SIGKILL"), PULUMI_STOP_MS);
    }, timeoutMs);
    const settle = (code: number | null) => {
      clearTimeout(timer);
      resolve({ code, output: all.join("\n"), stdout: out.join("\n") });
    };
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("exit", (code) => {
      clearTimeout(timer);
      timer = setTimeout(settle, LAST_WORDS_MS, code);
    });
    child.on("close", settle);
  });
}
