import type { Command } from "../lib/cli/spec.ts";

/** A verb of `lathe`. What it does is loaded when it is asked for: the others cost its start nothing. */
export interface Verb {
  /** For the list of verbs. */
  readonly about: string;
  readonly load: () => Promise<Command>;
}

/** Verbs by name. A name of two words is one of a group. */
export type Verbs = Readonly<Record<string, Verb>>;
