import { nearest } from "../lib/nearest.ts";
import type { Verb } from "../lib/cli/spec.ts";

/** Verbs by name. A name of two words is one of a group. */
export type Verbs = Readonly<Record<string, Verb>>;

const GROUPS: Readonly<Record<string, string>> = {
  selfbench:
    "measure how fast and how right Lathe itself is: clients, distance, fleet, links, load, records, truth, tune",
};

/** `bench plan` and the like, as `npm run bench -- plan` has them. */
const OF_BENCH = ["plan", "report", "capacity", "compare"];

/** The verb that arguments begin with, and what follows it; the verb is undefined if there is none of that name. */
export function verbOf(verbs: Verbs, argv: readonly string[]) {
  const [first = "", second = "", ...more] = argv;
  const two = `${first} ${second}`;
  const found = (name: string, rest: readonly string[]) => ({
    ...{ name, rest },
    verb: Object.hasOwn(verbs, name) ? verbs[name] : undefined,
  });
  if (Object.hasOwn(verbs, two)) return found(two, more);
  return first === "bench" && OF_BENCH.includes(second) ? found(second, more) : found(first, argv.slice(1));
}

/** The verb that was meant by a mistyped one behind `bench`: `compare` by `bench compair A B`. */
export function meantOfBench([first, second = ""]: readonly string[]): string | undefined {
  return first === "bench" && !second.startsWith("-") && second !== "" ? nearest(second, OF_BENCH) : undefined;
}

/** The first words of all verbs, a group's once, with what each is about. */
export function firstWords(verbs: Verbs): [word: string, about: string][] {
  const words = Object.entries(verbs).map(([name, { about }]): [string, string] => {
    const [first = ""] = name.split(" ");
    return [first, GROUPS[first] ?? about];
  });
  return [...new Map(words)];
}

/** The second words of a group such as `selfbench`, with what each is about: none if it is no group. */
export function membersOf(verbs: Verbs, group: string): [word: string, about: string][] {
  return Object.entries(verbs).flatMap(([name, { about }]) =>
    name.startsWith(`${group} `) ? [[name.slice(group.length + 1), about]] : [],
  );
}
