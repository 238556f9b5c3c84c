import type { JsonOption } from "./spec.ts";

/** Prints a result on stdout: the table, or with `--json` the document, headed by the option's schema. */
export function printResult(option: JsonOption, json: boolean | undefined, text: string, document: object): void {
  if (json !== true) return void process.stdout.write(`${text}\n`);
  if (option.alsoTable) process.stderr.write(`${text}\n`);
  process.stdout.write(`${JSON.stringify({ schema: option.schema, ...document }, null, 2)}\n`);
}

/** Where the command was typed: npm runs its scripts in the project's own folder. */
export function typedIn(env: NodeJS.ProcessEnv = process.env): string {
  return env["INIT_CWD"] ?? process.cwd();
}
