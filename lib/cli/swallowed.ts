import { WrongUse } from "../errors.ts";
import { quote, quoteAll } from "../quote.ts";
import { COMMON, type CommandSpec, type OptionSpec, type Options } from "./spec.ts";

/*
 * In `npm run down --stack=edge` (without `--`), npm takes the option for itself. The command sees it in its environment alone;
 * if it did not look there, it would take every stack down.
 */

interface Taken {
  readonly name: string;
  readonly option: OptionSpec;
  readonly value: string;
}

/**
 * Refuses options that npm has taken away. @throws WrongUse that shows how to type them so that they reach the command
 *
 * @param typed what followed the command's name
 * @param argv all arguments of the process, as a script of package.json has them
 */
export function refuseSwallowed(
  spec: CommandSpec,
  typed: readonly string[],
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): void {
  const event = env["npm_lifecycle_event"];
  if (event === undefined) return;
  const options: Options = { ...spec.options, ...spec.passes, ...COMMON };
  const taken = Object.entries(options).flatMap(([name, option]) => {
    const value = swallowedValue(name, option, env);
    // If it was typed behind `--` as well, it arrives: then npm's own value is from an .npmrc.
    return value === undefined || typed.some((word) => word === `--${name}` || word.startsWith(`--${name}=`))
      ? []
      : [{ name, option, value }];
  });
  if (taken.length === 0) return;
  const direct = [spec.name, again(spec, typed, typed, taken)].join(" ");
  // The script's own arguments come first, and are not typed.
  const own = (env["npm_lifecycle_script"] ?? "").split(/\s+/).slice(2).length;
  const viaNpm = ["npm run", event, "--", again(spec, typed, argv.slice(own), taken)].join(" ");
  throw new WrongUse({
    what: `${taken.map((t) => `--${t.name}`).join(", ")}: npm took ${taken.length === 1 ? "it" : "them"} for its own, so the command does not see ${taken.length === 1 ? "it" : "them"}`,
    expected: "options behind -- if npm runs the command",
    fix: event === "npx" ? direct : direct.startsWith("npm") ? viaNpm : `${viaNpm}, or ${direct}`,
  });
}

/** What npm says of an option in its environment; `--verbose` is a level of its log there. */
function swallowedValue(name: string, option: OptionSpec, env: NodeJS.ProcessEnv): string | undefined {
  if (name === "verbose") return env["npm_config_loglevel"] === "verbose" ? "true" : undefined;
  // `npx --yes lathe` is npx's own: what stands behind `lathe` arrives.
  if (name === "yes" && env["npm_lifecycle_event"] === "npx") return undefined;
  const value = env[`npm_config_${name.replaceAll("-", "_")}`];
  // A flag that is typed is `true`; one that an .npmrc has switched off is there, too.
  return option.value === undefined && value !== "true" ? undefined : value;
}

function again(spec: CommandSpec, typed: readonly string[], words: readonly string[], taken: readonly Taken[]): string {
  // npm leaves a value that stood apart (`--stack edge`) as an operand. If there is one option and one operand, that is it.
  const apart = taken.filter((t) => t.option.value !== undefined && ["", "true"].includes(t.value));
  const operands = typed.slice(spec.actions === undefined ? 0 : 1);
  const left = apart.length === 1 && operands.length === 1 ? operands[0] : undefined;
  const options = taken.flatMap(({ name, option, value }) => {
    if (option.value === undefined) return [`--${name}`];
    const known = ["", "true"].includes(value) ? left : value.split("\n\n").join(",");
    return [`--${name}`, known === undefined ? option.value : quote(known)];
  });
  if (apart.length > 0 && left === undefined && operands.length > 0) return ["…", ...options].join(" ");
  const rest = words.filter((word) => word !== left);
  return [...(rest.length === 0 ? [] : [quoteAll(rest)]), ...options].join(" ");
}
