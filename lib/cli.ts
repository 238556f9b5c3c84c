import { parseArgs } from "node:util";
import { UserError, messageOf } from "./errors.ts";

/** One option of a command, as `--help` shows it. */
export interface OptionSpec {
  readonly type: "boolean" | "string";
  readonly help: string;
  /** Shown after the name: `--stack NAMES`. */
  readonly value?: string;
  readonly short?: string;
  readonly default?: string | boolean;
}

/** A command with everything that `--help` teaches about it. */
export interface CommandSpec<O extends Record<string, OptionSpec>> {
  /** As typed: `npm run bench --`. */
  readonly name: string;
  readonly summary: string;
  /** What may follow the options: `[plan|report RUN]`. */
  readonly operands?: string;
  readonly options: O;
  /** Paragraphs below the options; lines are broken where they are shown. */
  readonly details?: readonly string[];
  readonly examples?: readonly (readonly [command: string, what: string])[];
}

/** The values of a command's options; an option that was not given and has no default is undefined. */
export type Values<O extends Record<string, OptionSpec>> = {
  readonly [K in keyof O]: (O[K]["type"] extends "boolean" ? boolean : string) | undefined;
};

/** `--help`'s text. */
export function helpText(spec: CommandSpec<Record<string, OptionSpec>>): string {
  const options: Record<string, OptionSpec> = { ...spec.options, ...COMMON };
  const names = Object.entries(options).map(
    ([name, o]) => `${o.short ? `-${o.short}, ` : ""}--${name}${o.type === "string" ? ` ${o.value ?? "VALUE"}` : ""}`,
  );
  const pad = Math.max(...names.map((n) => n.length));
  const lines = [
    wrap(spec.summary),
    "",
    `usage: ${spec.name} [options]${spec.operands ? ` ${spec.operands}` : ""}`,
    "",
  ];
  Object.values(options).forEach((o, i) => {
    const fallback = o.default === undefined || o.default === false ? "" : ` (default: ${o.default})`;
    lines.push(`  ${(names[i] ?? "").padEnd(pad)}  ${o.help}${fallback}`);
  });
  for (const paragraph of spec.details ?? []) lines.push("", wrap(paragraph));
  if (spec.examples?.length) {
    lines.push("", "examples:");
    for (const [command, what] of spec.examples) lines.push(`  ${command}`, `      ${what}`);
  }
  return lines.join("\n");
}

/** Breaks a paragraph between words where a terminal is too narrow for it. */
function wrap(text: string, columns = 110): string {
  return text
    .split(/\s+/)
    .reduce<string[]>((lines, word) => {
      const last = lines.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= columns)
        return [...lines.slice(0, -1), `${last} ${word}`];
      return [...lines, word];
    }, [])
    .join("\n");
}

const COMMON = {
  verbose: { type: "boolean", help: "show stack traces and every command that is run" },
  help: { type: "boolean", short: "h", help: "show this text" },
} as const satisfies Record<string, OptionSpec>;

/**
 * Runs a command's body with its parsed options, its operands and the names of the options that were given; the one place where errors become text and exit codes.
 * A `UserError` is printed as it stands with exit code 1; anything else says that it is Lathe's fault.
 */
export async function runCommand<O extends Record<string, OptionSpec>>(
  spec: CommandSpec<O>,
  body: (values: Values<O & typeof COMMON>, operands: string[], given: ReadonlySet<string>) => Promise<number | void>,
  argv: readonly string[] = process.argv.slice(2),
): Promise<void> {
  let verbose = argv.includes("--verbose");
  try {
    const { values, operands, given } = parse(spec, argv);
    if (values.help === true) {
      process.stdout.write(`${helpText(spec)}\n`);
      return;
    }
    verbose = values.verbose === true;
    process.exitCode = (await body(values, operands, given)) ?? 0;
  } catch (error) {
    process.stderr.write(`error: ${messageOf(error)}\n`);
    if (!(error instanceof UserError)) process.stderr.write("This looks like a fault in Lathe itself.\n");
    if (verbose && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
    else if (!(error instanceof UserError)) process.stderr.write("Run it again with --verbose for the details.\n");
    process.exitCode = 1;
  }
}

function parse<O extends Record<string, OptionSpec>>(spec: CommandSpec<O>, argv: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries<OptionSpec>({ ...spec.options, ...COMMON }).map(([name, o]) => [
      name,
      {
        type: o.type,
        ...(o.short === undefined ? {} : { short: o.short }),
        ...(o.default === undefined ? {} : { default: o.default }),
      },
    ]),
  );
  try {
    const parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true, tokens: true });
    const given = new Set(parsed.tokens.flatMap((token) => (token.kind === "option" ? [token.name] : [])));
    return { values: parsed.values as Values<O & typeof COMMON>, operands: parsed.positionals, given };
  } catch (error) {
    throw new UserError({ what: messageOf(error).split(". To specify")[0] ?? "", fix: `${spec.name} --help` });
  }
}
