import { clean } from "./clean.ts";

/*
 * The only writers to a terminal: whatever else they are given, they write text that it shows and does not obey. A test (test/walls.test.ts)
 * finds writers beside them.
 */

/** Data, on stdout: a line, or several. */
export function print(text: string): void {
  process.stdout.write(`${clean(text)}\n`);
}

/** A line for people, on stderr. */
export function say(text: string): void {
  process.stderr.write(`${clean(text)}\n`);
}
