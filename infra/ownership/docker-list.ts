/*
 * What `docker ps` and `docker network ls` print for Lathe: a line each, words apart by spaces; its names (commas between
 * them) and its id come first.
 */

/** A container or a network. */
export interface Listed {
  readonly names: readonly string[];
  readonly id: string;
}

/** Reads such lines; `rest` makes of the words after the id, and of the whole line, what else is wanted. Pure. */
export function readListed<T>(printed: string, rest: (words: readonly string[], line: string) => T): (Listed & T)[] {
  return printed
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [names = "", id = "", ...words] = line.split(" ");
      return { names: names.split(","), id, ...rest(words, line) };
    });
}

/** Who has a name. */
export function named<T extends Listed>(all: readonly T[], name: string): T | undefined {
  return all.find(({ names }) => names.includes(name));
}

/** So much of an id as Docker shows. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}
