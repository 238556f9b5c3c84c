import { COMMON, type Command, type Completes, type Options } from "../../lib/cli/spec.ts";
import type { Verbs } from "../verb.ts";

/** What completes a word: nothing that is known, files, names that `lathe completion names` prints, or words. */
export type Kind = "none" | "files" | `names ${string}` | `words ${string}`;

/** An option as a shell completes it. */
export interface CompletedOption {
  readonly name: string;
  readonly about: string;
  /** Of its value; absent: it takes none. */
  readonly value?: Kind;
}

/** A verb as a shell completes it. */
export interface CompletedVerb {
  readonly name: string;
  readonly about: string;
  /** What its first operand may be, with what each does. */
  readonly actions: readonly (readonly [name: string, about: string])[];
  readonly options: readonly CompletedOption[];
  readonly operands: Kind;
}

/** What completes each verb. */
export async function completedVerbs(verbs: Verbs): Promise<CompletedVerb[]> {
  return Promise.all(
    Object.entries(verbs).map(async ([name, { about, load }]) => completed(name, about, await load())),
  );
}

function completed(name: string, about: string, { spec }: Command): CompletedVerb {
  const all: Options = { ...spec.options, ...COMMON };
  return {
    name,
    about,
    actions: Object.entries(spec.actions ?? {}),
    options:
      spec.passes === undefined
        ? Object.entries(all).map(([option, { help, type, completes }]) => ({
            ...{ name: option, about: help },
            ...(type === "string" && { value: kindOf(completes) }),
          }))
        : [],
    operands: spec.completes === undefined ? "files" : kindOf(spec.completes),
  };
}

function kindOf(completes: Completes | undefined): Kind {
  if (completes === undefined) return "none";
  if (typeof completes !== "string") return `words ${completes.join(" ")}`;
  return completes === "files" ? "files" : `names ${completes}`;
}

/** Verbs of one word, and groups, with what each is about. */
export function firstWords(verbs: readonly CompletedVerb[]): (readonly [string, string])[] {
  const words = new Map<string, string>();
  for (const { name, about } of verbs) {
    const [first = "", second] = name.split(" ");
    words.set(first, second === undefined ? about : "how fast Lathe itself is");
  }
  return [...words, ["--help", "list the verbs"], ["--version", "print the version"]];
}

/** Second words of each group. */
export function groups(verbs: readonly CompletedVerb[]): Map<string, (readonly [string, string])[]> {
  const found = new Map<string, (readonly [string, string])[]>();
  for (const { name, about } of verbs) {
    const [first = "", second] = name.split(" ");
    if (second !== undefined) found.set(first, [...(found.get(first) ?? []), [second, about]]);
  }
  return found;
}
