import { $, type ProcessOutput } from "zx";
import { UserError } from "../lib/errors.ts";
import { quoteAll } from "../lib/quote.ts";

/** What a program is given besides its arguments. */
export interface RunOptions {
  /** The whole environment; default: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** What failed, for people: "debootstrap of bookworm". Default: the command line. */
  readonly what?: string;
  /** The next step when it fails. */
  readonly fix?: string;
  /** Called for each line that the program prints, on either stream. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a program and returns what it printed on stdout.
 *
 * @throws UserError with the end of its output if it fails
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await tryRun(argv, options);
  if (result.exitCode === 0) return result.stdout;
  const lines = `${result.stdout}\n${result.stderr}`.trim().split("\n").slice(-12);
  throw new UserError({
    what: `${options.what ?? quoteAll(argv)} failed (exit code ${result.exitCode ?? result.signal ?? "?"}):\n    ${lines.join("\n    ")}`,
    ...(options.fix === undefined ? {} : { fix: options.fix }),
  });
}

/** Runs a program; a failure is a value: look at `exitCode`. */
export async function tryRun(argv: readonly string[], options: RunOptions = {}): Promise<ProcessOutput> {
  const shell = $({
    quiet: true,
    verbose: false,
    nothrow: true,
    // A program ends with the process that runs it, even if that is killed outright. (A process it left behind does not.)
    prefix: "exec setpriv --pdeathsig KILL -- ",
    env: options.env ?? process.env,
    // No stdin: bash, which starts the program, reads ~/.bashrc where it is a socket, as Node's pipes are.
    stdio: ["ignore", "pipe", "pipe"],
  });
  const running = shell`${argv}`;
  if (options.onLine !== undefined) {
    const onLine = options.onLine;
    const feed = (chunk: Buffer) => {
      for (const line of chunk.toString().split(/[\r\n]+/)) if (line.trim() !== "") onLine(line.trim());
    };
    running.stdout.on("data", feed);
    running.stderr.on("data", feed);
  }
  return running;
}
