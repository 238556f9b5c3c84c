import { UserError, isWrongUse, messageOf } from "../errors.ts";
import { print, say } from "../output.ts";
import { helpText } from "./help.ts";
import { parse } from "./parse.ts";
import type { Command } from "./spec.ts";
import { refuseSwallowed } from "./swallowed.ts";

/** Exit codes of every command. A command that a signal ended has 128 plus the signal's number, as in a shell. */
export const EXIT = { fine: 0, failed: 1, wrongUse: 2, inconclusive: 3 } as const;

/**
 * Runs a command and sets `process.exitCode`. A `UserError` is printed as it stands. Of any other error it says that it is
 * probably a fault in Lathe.
 *
 * @param typed what followed the command's name; absent: all arguments of this process
 */
export async function runCommand({ spec, body }: Command, typed?: readonly string[]): Promise<void> {
  const argv = process.argv.slice(2);
  const own = typed ?? argv;
  await guarded(own.includes("--verbose"), async () => {
    refuseSwallowed(spec, own, argv, process.env);
    if (spec.passes !== undefined && !isHelp(own)) return body({} as never, own, { action: "", given: new Set() });
    const { values, operands, action, given } = parse(spec, own);
    if (values.help === true) return print(helpText(spec, values.all === true));
    return body(values, operands, { action, given });
  });
}

/** Runs `body`, prints its error if it throws one, and sets the exit code. @param verbose prints the stack trace too */
export async function guarded(verbose: boolean, body: () => Promise<number | void>): Promise<void> {
  try {
    process.exitCode = (await body()) ?? EXIT.fine;
  } catch (error) {
    say(`error: ${messageOf(error)}`);
    if (!(error instanceof UserError)) say("This looks like a fault in Lathe itself.");
    if (verbose && error instanceof Error) say(error.stack ?? "");
    else if (!(error instanceof UserError)) say("Run it again with --verbose for the details.");
    process.exitCode = isWrongUse(error) ? EXIT.wrongUse : EXIT.failed;
  }
}

/** Of a command that passes its arguments on: `--help` alone asks for Lathe's help; with other arguments it is passed on. */
const isHelp = (typed: readonly string[]) => typed.length === 1 && ["--help", "-h"].includes(typed[0] ?? "");
