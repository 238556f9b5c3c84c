import { COMMON, type CommandSpec, type OptionSpec } from "./spec.ts";

/** Widest line of `--help`. A `--help` of 40 lines or fewer fits on a screen. */
export const COLUMNS = 100;

const USAGE = "wrong use";

/** `--help`'s text. @param all rare options and further paragraphs too */
export function helpText(spec: CommandSpec, all = false): string {
  const hidden = Object.values(spec.options).some((o) => o.rare) || (spec.more ?? []).length > 0;
  const rare = Object.entries(spec.options).filter(([, o]) => o.rare);
  const { all: allOption, ...common } = COMMON;
  const shown = Object.entries<OptionSpec>({
    ...spec.options,
    ...common,
    ...(hidden ? { all: allOption } : {}),
    ...spec.options,
  });
  const usual = shown.filter(([, o]) => !o.rare);
  const operands = spec.operands === undefined ? "" : ` ${spec.operands}`;
  return [
    wrap(spec.summary),
    "",
    `usage: ${spec.name}${spec.passes === undefined ? " [options]" : ""}${operands}`,
    ...section("actions", actionLines(spec)),
    ...section("options", spec.passes === undefined ? optionLines(usual) : []),
    ...section("rare options", all ? optionLines(rare) : []),
    ...[...(spec.details ?? []), ...(all ? (spec.more ?? []) : [])].flatMap((paragraph) => ["", wrap(paragraph)]),
    ...section("examples", columns(spec.examples ?? [])),
    "",
    wrap(`exit codes: ${exitText(spec)}`, "  "),
  ].join("\n");
}

/** `0 all is well; 1 …; 2 wrong use`. */
function exitText(spec: CommandSpec): string {
  return Object.entries({ 2: USAGE, ...spec.exits })
    .map(([code, what]) => `${code} ${what}`)
    .join("; ");
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", `${title}:`, ...lines];
}

function actionLines(spec: CommandSpec): string[] {
  return columns(
    Object.entries(spec.actions ?? {}).map(([name, what]) => [
      name,
      `${what}${name === spec.otherwise ? " (the default)" : ""}`,
    ]),
  );
}

function optionLines(options: readonly (readonly [string, OptionSpec])[]): string[] {
  return columns(
    options.map(([name, o]) => {
      const fallback = o.default === undefined ? "" : ` (default: ${o.default})`;
      return [
        `${o.short ? `-${o.short}, ` : ""}--${name}${o.value === undefined ? "" : ` ${o.value}`}`,
        `${o.on === undefined ? "" : `${o.on.join(", ")}: `}${o.help}${fallback}`,
      ];
    }),
  );
}

/** Two columns. If a left text is longer than `widest`, the right one stands below it. */
export function columns(rows: readonly (readonly [left: string, right: string])[], widest = 46): string[] {
  const pad = Math.max(0, ...rows.map(([left]) => left.length).filter((length) => length <= widest));
  return rows.flatMap(([left, right]) => {
    const [first = "", ...rest] = wrap(right, "", COLUMNS - pad - 4).split("\n");
    const below = rest.map((line) => `  ${" ".repeat(pad)}  ${line}`);
    if (left.length > pad) return [`  ${left}`, `  ${" ".repeat(pad)}  ${first}`, ...below];
    return [`  ${left.padEnd(pad)}  ${first}`, ...below];
  });
}

/** Breaks a paragraph between words; all lines but the first begin with `indent`. */
export function wrap(text: string, indent = "", width = COLUMNS): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(word);
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${indent}${word}`);
  }
  return lines.join("\n");
}
