import { documentText } from "../clean.ts";
import { print, say } from "../output.ts";
import type { JsonOption } from "./spec.ts";

/** Prints a result on stdout: the table, or with `--json` the document, headed by the option's schema. */
export function printResult(option: JsonOption, json: boolean | undefined, text: string, document: object): void {
  if (json !== true) return print(text);
  if (option.alsoTable) say(text);
  print(documentText({ schema: option.schema, ...document }));
}
