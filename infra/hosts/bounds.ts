import { UserError } from "../../lib/errors.ts";

/*
 * Bounds on what hosts say, beside the size of all that a command may print (connection/run.ts). Hosts are not trusted: what
 * none can mean is refused in words, and takes neither long nor much memory.
 */

/** Containers of one engine that are read: more are refused. */
export const MOST_CONTAINERS = 10_000;
/** Addresses of one host, and memory nodes that are read. */
export const MOST_ADDRESSES = 1024;
/** Characters of a name or a version that a host tells. */
const MOST_NAME = 200;
/** Characters of what a program said on standard error that are looked at: the end, where the reason is. */
const MOST_SAID = 8000;
/** Characters of one line in a message. */
const MOST_LINE = 500;

/** A number of bytes that a machine can have (below 2^53, where numbers are exact); undefined for all else. */
export function bytesOf(count: number): number | undefined {
  return Number.isSafeInteger(count) && count > 0 ? count : undefined;
}

/** A list as it is where it has no more than `most` entries. @throws UserError that names what there is too much of */
export function atMost<T>(most: number, what: string, all: readonly T[]): readonly T[] {
  if (all.length <= most) return all;
  throw new UserError({ what: `the machine tells of ${all.length} ${what}`, expected: `${most} at most` });
}

/** A name, a version or the like, cut to a length that fits a table. */
export function nameOf(text: string): string {
  const trimmed = text.slice(0, MOST_NAME + 1).trim();
  return trimmed.length > MOST_NAME ? `${trimmed.slice(0, MOST_NAME)}…` : trimmed;
}

/** The end of what a program said on standard error, as much as a message holds. */
export function endOf(said: string): string {
  return said.length > MOST_SAID ? `…${said.slice(-MOST_SAID)}` : said;
}

/** The last line of what a program said, as much as a message holds: there the reason stands. */
export function lastLine(said: string): string {
  const line = endOf(said).trim().split("\n").at(-1)?.trim() ?? "";
  return line.length > MOST_LINE ? `${line.slice(0, MOST_LINE)}…` : line;
}
