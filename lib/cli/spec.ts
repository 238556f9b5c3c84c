/** What completes an option's value or an operand: words of the checkout, given words, or files. */
export type Completes = "stacks" | "runs" | "experiments" | "models" | "files" | readonly string[];

/** Reads an option's value. It calls `wrong` with what was expected, and with what the message shows after the option's name (default: the value). */
export type Reader<T> = (text: string, wrong: (expected: string, what?: string) => void) => T;

/** One option of a command, as `--help` shows it. Its name is the key that it stands under. */
export interface OptionSpec {
  readonly help: string;
  /** What `--help` shows for its value: `A,B` in `--stack A,B`. Absent: the option takes none. */
  readonly value?: string;
  /** Reads its value. Absent: the value is text. */
  readonly read?: Reader<unknown>;
  readonly default?: string;
  readonly short?: string;
  /** Shown by `--help --all` alone. */
  readonly rare?: boolean;
  /** Actions that read it; absent: all of them. With another action it is refused. */
  readonly on?: readonly string[];
  readonly completes?: Completes;
}

/** Options by name. */
export type Options = Readonly<Record<string, OptionSpec>>;

/** A command, with everything that its `--help` shows. */
export interface CommandSpec<O extends Options = Options> {
  /** As typed: `npx lathe up`. */
  readonly name: string;
  readonly summary: string;
  /** What may follow the options: `HOST…`. */
  readonly operands?: string;
  /** How many operands there may be, for all actions or by action. Absent: any number if `operands` is set, else none. */
  readonly most?: number | Readonly<Record<string, number>>;
  /** If the first operand is an action: its words, each with what it does. */
  readonly actions?: Readonly<Record<string, string>>;
  /** The default action; absent: one must be named. */
  readonly otherwise?: string;
  readonly options: O;
  /** Paragraphs below the options, each as one long line. */
  readonly details?: readonly string[];
  /** Further ones, that `--help --all` alone shows. */
  readonly more?: readonly string[];
  readonly examples?: readonly (readonly [command: string, what: string])[];
  /** What the exit codes mean here; wrong use is 2 everywhere. */
  readonly exits: Readonly<Record<number, string>>;
  readonly completes?: Completes;
  /** Set if all arguments are passed to another program: those of its options that npm might take away (`refuseSwallowed`). */
  readonly passes?: Options;
}

/** The values of a command's options, read; an option that was not given and has no default is undefined. */
export type Values<O extends Options> = {
  readonly [K in keyof O]: ValueOf<O[K]> | (O[K] extends { default: string } ? never : undefined);
};
type ValueOf<S> = S extends { read: Reader<infer T> } ? T : S extends { value: string } ? string : boolean;

/** Options of every command. */
export const COMMON = {
  verbose: { help: "show where in the program an error arose" },
  help: { short: "h", help: "show this text" },
  all: { help: "with --help: show every option, the rare ones too" },
} as const satisfies Options;

/** What a command's body is called with. */
export type Body<O extends Options> = (
  values: Values<O & typeof COMMON>,
  /** Without the action. */
  operands: readonly string[],
  more: {
    /** Empty if the command has none. */
    readonly action: string;
    /** Names of the options that were given. */
    readonly given: ReadonlySet<string>;
  },
) => Promise<number | void>;

/** A command that can be run: what is typed, and what it does. */
export interface Command<O extends Options = Options> {
  readonly spec: CommandSpec<O>;
  readonly body: Body<O>;
}

/** Binds a body to its options. A body imports what it needs when it runs, so that `--help` and completion start quickly. */
export function command<const O extends Options>(spec: CommandSpec<O>, body: Body<O>): Command {
  return { spec, body: body as Body<Options> };
}

/** `--json` of a command, and what it prints. */
export interface JsonOption extends OptionSpec {
  readonly schema: string;
  /** With `--json` the table goes to stderr. For commands that run long, whose table people want in any case. */
  readonly alsoTable: boolean;
}

/** `--json` of a command: one wording for all. */
export function jsonOption(
  schema: string,
  { on, alsoTable = false }: { readonly on?: readonly string[]; readonly alsoTable?: boolean } = {},
) {
  const table = alsoTable ? "; the table then goes to stderr" : " in place of the table";
  return { help: `print JSON (${schema}) on stdout${table}`, schema, alsoTable, ...(on && { on }) } as const;
}

/** A verb of `lathe`. Its modules are loaded when it is typed, so that other verbs do not slow its start. */
export interface Verb {
  /** For the list of verbs. */
  readonly about: string;
  readonly load: () => Promise<Command>;
}
