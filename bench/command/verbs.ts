import { UserError } from "../../lib/errors.ts";

/** What says which cells there are and how each is measured. */
const MATRIX = [
  ...["matrix", "experiment", "stack", "outputs", "models", "images", "photographs", "client", "place"],
  ...["requests", "precision", "block", "warmup", "timeout", "budget", "allow-missing"],
];

/** The options that each form of the command reads. */
export const READS = {
  "a run": [...MATRIX, "repeat", "seed", "remark", "runs", "json"],
  plan: [...MATRIX, "runs", "json"],
  "--resume": ["resume", "accept-changes", "outputs", "runs", "json"],
  tables: ["runs", "json"],
  report: ["runs", "json"],
  compare: ["threshold", "strict", "runs", "json"],
} as const satisfies Record<string, readonly string[]>;

export type Verb = keyof typeof READS;

const ALWAYS = ["verbose", "help"];

/** The form of the command that its operands and options make. */
export function verbOf(operand: string | undefined, resume: boolean): Verb {
  if (operand === "plan" || operand === "tables" || operand === "report" || operand === "compare") return operand;
  return resume ? "--resume" : "a run";
}

/**
 * Refuses options that nobody will read: who gave them expects them to act.
 *
 * @param given names of the options on the command line
 * @throws UserError with all of them
 */
export function noUnreadOptions(verb: Verb, given: Iterable<string>): void {
  const reads: readonly string[] = READS[verb];
  const unread = [...given].filter((name) => !reads.includes(name) && !ALWAYS.includes(name));
  if (unread.length === 0) return;
  const why = verb === "--resume" ? "a resumed run has what it began with" : `${verb} does not read it`;
  throw new UserError(
    unread.map((name, i) => ({
      what: `--${name}: ${why}`,
      ...(i < unread.length - 1 ? {} : { expected: `with ${verb}: ${listed(reads)}`, fix: "npm run bench -- --help" }),
    })),
  );
}

/** For `--help`: which form reads which options. */
export function readsText(): string {
  const of = (verb: Verb) => listed(READS[verb]);
  const only = READS["a run"].filter((name) => !(READS.plan as readonly string[]).includes(name));
  return (
    `A run reads ${of("a run")}. plan reads the same but ${listed(only)}. --resume reads ${of("--resume")}: everything else is ` +
    `as the run began. tables and report read ${of("tables")}; compare reads ${of("compare")}. Any other option is refused.`
  );
}

const listed = (names: readonly string[]) => names.map((name) => `--${name}`).join(", ");
