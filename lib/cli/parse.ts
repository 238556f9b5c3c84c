import { parseArgs } from "node:util";
import { type Fault, WrongUse } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { COMMON, type CommandSpec, type Options, type Values } from "./spec.ts";

/** A command line, taken apart. */
export interface Parsed {
  readonly values: Values<Options & typeof COMMON>;
  readonly action: string;
  readonly operands: readonly string[];
  readonly given: ReadonlySet<string>;
}

/** Takes a command line apart. With `--help`, nothing else can be wrong. @throws WrongUse with all faults at once */
export function parse(spec: CommandSpec, argv: readonly string[]): Parsed {
  const specs: Options = { ...spec.options, ...COMMON, ...spec.options };
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value, short }]) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const), ...(short && { short }) },
    ]),
  );
  const {
    values: typed,
    positionals,
    tokens,
  } = parseArgs({
    ...{ args: [...argv], options, allowPositionals: true, strict: false, tokens: true },
  });
  const found = tokens.filter((token) => token.kind === "option");
  const given = new Set(found.map((token) => token.name));
  const [action, operands] = actionOf(spec, positionals);
  const ofOptions = [...found.flatMap((token) => optionFaults(spec, specs, token)), ...repeated(found, specs)];
  const [values, ofValues] = readValues(specs, typed);
  const faults = [
    ...ofOptions,
    ...(spec.actions === undefined ? [] : actionFaults(spec, action, specs, given)),
    // An operand may be the value of an unknown option: then only the option is reported.
    ...(ofOptions.length > 0 ? [] : [...operandFaults(spec, action, operands), ...ofValues]),
    ...(given.has("all") && spec.options["all"] === undefined ? [{ what: "--all without --help" }] : []),
  ];
  if (faults.length > 0 && typed["help"] !== true)
    throw new WrongUse(faults.map((f, i) => withFix(f, i === faults.length - 1, spec)));
  return { values: values as Parsed["values"], action, operands, given };
}

function readValues(specs: Options, typed: Readonly<Record<string, unknown>>): [Record<string, unknown>, Fault[]] {
  const faults: Fault[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { read, default: fallback }] of Object.entries(specs)) {
    const text = typed[name] ?? fallback;
    values[name] =
      read === undefined || typeof text !== "string"
        ? text
        : read(text, (expected, what = ` ${text}`) => faults.push({ what: `--${name}${what}`.trimEnd(), expected }));
  }
  return [values, faults];
}

function actionOf(spec: CommandSpec, positionals: readonly string[]): [string, readonly string[]] {
  if (spec.actions === undefined) return ["", positionals];
  const [first, ...rest] = positionals;
  return first === undefined ? [spec.otherwise ?? "", []] : [first, rest];
}

function optionFaults(
  spec: CommandSpec,
  specs: Options,
  token: { name: string; rawName: string; value?: string | undefined; inlineValue?: boolean | undefined },
): Fault[] {
  const { name, rawName, value, inlineValue } = token;
  const option = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (option === undefined) {
    const names = Object.keys(specs).map((known) => `--${known}`);
    return [{ what: `unknown option "${rawName}"`, expected: expectedWord(rawName, names) }];
  }
  if (option.value === undefined)
    return value === undefined
      ? []
      : [{ what: `${rawName}=${value}`, expected: `${rawName} alone: it takes no value` }];
  if (value === undefined || (inlineValue === false && /^-[^\d.]/.test(value)))
    return [
      {
        what: `${rawName} has no value`,
        expected: `${rawName} ${option.value}${value === undefined ? "" : ` (one that begins with "-": ${rawName}=${value})`}`,
        fix: `${spec.name} --help`,
      },
    ];
  return [];
}

/** Options that were given two values: one of them would be lost without a word. */
function repeated(tokens: readonly { name: string; value?: string | undefined }[], specs: Options): Fault[] {
  return [...Map.groupBy(tokens, ({ name }) => name)].flatMap(([name, all]) => {
    const texts = [...new Set(all.flatMap(({ value }) => value ?? []))];
    const option = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (texts.length < 2 || option?.value === undefined) return [];
    return [{ what: `--${name} ${texts.join(` and --${name} `)}`, expected: `--${name} ${option.value}, given once` }];
  });
}

function actionFaults(spec: CommandSpec, action: string, specs: Options, given: ReadonlySet<string>): Fault[] {
  const actions = Object.keys(spec.actions ?? {});
  if (action === "") return [{ what: "no action given", expected: `one of ${actions.join(", ")}` }];
  if (!actions.includes(action))
    return [{ what: `unknown action "${action}"`, expected: expectedWord(action, actions) }];
  return [...given].flatMap((name) => {
    const on = specs[name]?.on;
    return on === undefined || on.includes(action)
      ? []
      : [{ what: `--${name}: ${action} does not read it`, expected: `with ${on.join(" or ")}` }];
  });
}

function operandFaults(spec: CommandSpec, action: string, operands: readonly string[]): Fault[] {
  const any = spec.operands === undefined && spec.actions === undefined ? 0 : Infinity;
  const most = typeof spec.most === "object" ? spec.most[action] : spec.most;
  const surplus = operands.slice(most ?? any);
  if (surplus.length === 0) return [];
  const words = surplus.map((o) => `"${o}"`).join(", ");
  const what = `${surplus.length === 1 ? "an operand" : "operands"} too many: ${words}`;
  return [{ what, expected: action === "" ? (spec.operands ?? "options alone") : `${spec.name} ${action}` }];
}

/** What to say of an unknown word: the known word that was probably meant, or all known words. */
export function expectedWord(word: string, known: readonly string[]): string {
  const guess = nearest(word, known);
  return guess === undefined ? `one of ${known.join(", ")}` : `did you mean ${guess}?`;
}

function withFix(fault: Fault, last: boolean, spec: CommandSpec): Fault {
  return last && fault.fix === undefined ? { ...fault, fix: `${spec.name} --help` } : fault;
}
