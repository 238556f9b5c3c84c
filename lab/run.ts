import { quoteAll } from "../lib/quote.ts";
import { run as runProgram, tryRun as tryProgram, type RunOptions, type RunResult } from "../lib/run.ts";

/** Makes a program end with this process, even if this process is killed. (Processes that the program started may go on.) */
const together = (argv: readonly string[]) => ["setpriv", "--pdeathsig", "KILL", "--", ...argv];

/** Runs a program and returns what it printed. @throws UserError with the end of its output if it fails */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  return runProgram(together(argv), { what: quoteAll(argv), ...options });
}

/** Runs a program. A failure is a value: look at `exitCode`. */
export function tryRun(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return tryProgram(together(argv), options);
}
