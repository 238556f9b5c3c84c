/** What a person needs to mend a fault: what was read, what was expected, what to do next. */
export interface Fault {
  /**
   * What was read or seen, with its place first: `bench.yaml:3:5: models[0]: "ssd-mobile"`. A fault in what was typed begins
   * with the option: `--stack: there is no stack "egde"`.
   */
  readonly what: string;
  /** What would have been right. */
  readonly expected?: string;
  /** The next step, best as a command to type. */
  readonly fix?: string;
}

/** An error that is shown to a person as it stands, without a stack trace. Everything else is a bug and shows one. */
export class UserError extends Error {
  readonly faults: readonly Fault[];

  constructor(faults: Fault | readonly Fault[], options?: ErrorOptions) {
    const all = Array.isArray(faults) ? (faults as readonly Fault[]) : [faults as Fault];
    super(all.map(formatFault).join("\n"), options);
    this.name = "UserError";
    this.faults = all;
  }
}

/** An error in what was typed: a word, an option or its value. */
export class WrongUse extends UserError {}

/** Whether the command line was wrong: a `WrongUse`, or a `UserError` whose every fault begins with an option. */
export function isWrongUse(error: unknown): boolean {
  return (
    error instanceof WrongUse || (error instanceof UserError && error.faults.every((f) => f.what.startsWith("--")))
  );
}

/** One fault as text: the fact on the first line, what was expected and the next step indented below it. */
export function formatFault(fault: Fault): string {
  const lines = [fault.what];
  if (fault.expected !== undefined) lines.push(`  expected: ${fault.expected}`);
  if (fault.fix !== undefined) lines.push(`  fix: ${fault.fix}`);
  return lines.join("\n");
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
