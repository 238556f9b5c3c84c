import { clientKinds } from "../clients/registry.ts";
import { jsonOption, type Options, type Reader } from "../lib/cli/spec.ts";
import { list, path, whole } from "../lib/cli/values.ts";
import { OBJECTIVES, readObjective } from "./objective.ts";
import { readOnly, type Only } from "./space.ts";

/** The schema of `lathe tune --json`. */
export const TUNE_SCHEMA = "lathe.tune/1";
const LEAST_SECONDS = 10;

/** Reads a time as seconds: `10m`, `90s`, or minutes alone. */
export const readBudget: Reader<number> = (text, wrong) => {
  const [, amount, unit] = /^(\d{1,6}(?:\.\d{1,3})?)\s*(s|m|min|h)?$/.exec(text.trim()) ?? [];
  const seconds = Number(amount) * (unit === "s" ? 1 : unit === "h" ? 3600 : 60);
  if (!(seconds >= LEAST_SECONDS)) wrong(`a time such as 10m, 90s or 1h, of ${LEAST_SECONDS} s at least`);
  return seconds;
};

/** The value of `--only`. Its text is kept, so that a resumed tuning reads the same. */
export interface Narrowed {
  readonly text: string;
  readonly only: Only;
}

const narrowed: Reader<Narrowed> = (text, wrong) => {
  const only = readOnly(text);
  if (only === undefined) wrong('knobs with values, such as "threads=1..4 pin=none,physical"');
  return { text, only: only ?? [] };
};

/** Reads one word, for an option that takes a list in other verbs. */
const one: Reader<string> = (text, wrong) => {
  const words = list(text, wrong);
  if (words.length > 1) wrong("one name, because a tuning is of one server");
  return words[0] ?? "";
};

/** The most rounds of a grid. */
export const MOST_ROUNDS = 100;

const rounds: Reader<number> = (text, wrong) => {
  const count = whole(2)(text, wrong);
  if (count > MOST_ROUNDS) wrong(`${MOST_ROUNDS} rounds at most`);
  return count;
};

/** Seconds for a tuning's visits where `--budget` is not given: ten minutes for a race, a day for a grid, which ends by itself. */
export const budgetOf = ({
  budget,
  grid,
}: {
  readonly budget?: number | undefined;
  readonly grid?: number | undefined;
}): number => budget ?? (grid === undefined ? 600 : 86_400);

const KINDS = clientKinds.map(({ name }) => name);

export const TUNE = {
  stack: { value: "A,B", read: one, help: "the stack whose server is tuned: one name", completes: "stacks" },
  which: { value: "NAME", help: "the server's name (default: the stack's only server)" },
  for: { value: "WHAT", read: readObjective, default: "latency", help: OBJECTIVES },
  model: { value: "MODEL", completes: "models", help: "the model that is called (default: the server's first)" },
  only: { value: "WORDS", read: narrowed, help: 'try only these knobs and values: "threads=1..4 pin=none,physical"' },
  budget: {
    value: "MINUTES",
    read: readBudget,
    help: "time of all visits together: 10m, 90s or 1h (default: 10m; of a grid: a day)",
  },
  grid: {
    value: "ROUNDS",
    read: rounds,
    help: "measure every setting in each of so many rounds; 30 tell 3 % apart",
  },
  yes: { help: "write the winner's settings into the stack's config file without asking" },
  undo: { help: "take what a tuning has written out of the config file again" },
  resume: { help: "go on with the newest tuning of that server" },
  knobs: { help: "after the race, measure which knobs matter, as far as the budget allows" },
  json: jsonOption(TUNE_SCHEMA, { alsoTable: true }),
  photograph: {
    value: "N",
    read: whole(1),
    default: "7",
    rare: true,
    help: "number of the photograph that calls carry",
  },
  client: {
    value: "KINDS",
    read: one,
    completes: KINDS,
    rare: true,
    help: "one client kind (default: the default of the server's first endpoint)",
  },
  seed: { value: "N", read: whole(0), default: "1", rare: true, help: "seed of the order of visits" },
  tunes: {
    value: "DIR",
    read: path,
    rare: true,
    completes: "files",
    help: "folder of tunings (default: tunes/ of the checkout)",
  },
  project: {
    value: "DIR",
    read: path,
    rare: true,
    completes: "files",
    help: "folder with Pulumi.yaml (default: the checkout)",
  },
} as const satisfies Options;
