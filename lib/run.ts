import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { UserError } from "./errors.ts";
import { quoteAll } from "./quote.ts";

/** How to run a program. */
export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment; default: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** What failed, for people: "debootstrap of bookworm". Default: the command line. */
  readonly what?: string;
  /** The next step when it fails. */
  readonly fix?: string;
  /** Called for each line that the program prints, on either stream. */
  readonly onLine?: (line: string) => void;
  /** The program is ended after this time, and all that it has started; default: never. */
  readonly timeoutMs?: number;
  /** Ends the program early, and all that it has started. */
  readonly signal?: AbortSignal;
}

/** How a program ended, and what it printed. */
export interface RunResult {
  /** Null if a signal ended it; 127 if there is no such program. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program, without a shell, and returns its stdout. @throws UserError with the end of its output if it fails */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await tryRun(argv, options);
  if (result.exitCode === 0) return result.stdout;
  const lines = [result.stdout, result.stderr].flatMap((text) => text.trim().split("\n")).filter((line) => line !== "");
  const how = `exit code ${result.exitCode ?? result.signal ?? "?"}`;
  throw new UserError({
    what: `${options.what ?? quoteAll(argv)} failed (${how}):\n    ${lines.slice(-12).join("\n    ")}`,
    ...(options.fix === undefined ? {} : { fix: options.fix }),
  });
}

/** Runs a program that gets no input; a failure is a value: look at `exitCode`. */
export function tryRun(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [program = "", ...args] = argv;
  const { cwd, env = process.env, onLine, timeoutMs, signal: ended } = options;
  return new Promise((resolve, reject) => {
    // A process group of its own: all that it starts can be ended with it, and nothing can ask for a password at the terminal.
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const end = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
      } catch {
        // It has just ended by itself.
      }
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(end, timeoutMs);
    ended?.addEventListener("abort", end, { once: true });
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
        for (const line of onLine === undefined ? [] : text.split(/[\r\n]+/))
          if (line.trim() !== "") onLine?.(line.trim());
      });
    const settled = () => {
      clearTimeout(timer);
      ended?.removeEventListener("abort", end);
    };
    child.on("error", (error: NodeJS.ErrnoException) => {
      settled();
      if (error.code !== "ENOENT") return reject(error);
      resolve({ exitCode: 127, signal: null, stdout: "", stderr: `${program}: not found` });
    });
    child.on("close", (exitCode, signal) => {
      settled();
      resolve({ exitCode, signal, ...said });
    });
  });
}

/**
 * Closes a running program's stdin, and waits until it has ended. It is killed if that takes too long.
 *
 * @param closed its `close` event
 */
export async function endInTime(child: ChildProcess, closed: Promise<unknown>, ms: number): Promise<void> {
  child.stdin?.end();
  const timer = setTimeout(() => child.kill("SIGKILL"), ms);
  await closed;
  clearTimeout(timer);
}

/** Runs a program with this process's own streams. @returns its exit code; 255 if a signal ended it */
export function runInherited(argv: readonly string[], options: SpawnOptions = {}): Promise<number> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { stdio: "inherit", ...options });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 255));
  });
}
