import { type CommandSpec, type OptionSpec, type Values } from "../../lib/cli.ts";
import { type Fault, UserError } from "../../lib/errors.ts";
import { clientKinds } from "../../clients/registry.ts";
import { type CellLimits, DEFAULT_LIMITS, type Limits, limitsFor } from "../matrix/limits.ts";
import { PERCENT, percentOf } from "../format/percent.ts";
import { readsText } from "./verbs.ts";

export const OPTIONS = {
  matrix: {
    type: "string",
    value: "FILE",
    help: "experiments to measure (default: bench.yaml where there is one, else bench/matrix/experiments/paper.yaml)",
  },
  experiment: { type: "string", value: "A,B", help: "experiments of that file (default: all)" },
  stack: { type: "string", value: "A,B", help: "stacks to measure (default: every deployed stack of the project)" },
  outputs: { type: "string", value: "FILES", help: "read stack outputs from JSON files instead of Pulumi" },
  models: { type: "string", value: "A,B", help: "models (default: the experiment's own, else all that are deployed)" },
  images: { type: "string", value: "1,2", help: "photographs by number (default: the experiment's own, else all)" },
  photographs: {
    type: "string",
    value: "LIST",
    help: "list of photographs (YAML)",
    default: "models/photographs.yaml",
  },
  client: {
    type: "string",
    value: "KINDS",
    help: `client kinds: ${clientKinds.map((k) => k.name).join(", ")} (default: the experiment's own, else probe,rest)`,
  },
  place: { type: "string", value: "PLACES", help: "local, remote or both", default: "local,remote" },
  requests: {
    type: "string",
    value: "N",
    help: `measured calls a cell, at most (default: the experiment's own, else ${DEFAULT_LIMITS.requests})`,
  },
  precision: {
    type: "string",
    value: "PERCENT",
    help: `a cell is done once its median's 95 % interval lies within this of it, or none (default: the experiment's own, else ${
      100 * (DEFAULT_LIMITS.precision ?? 0)
    })`,
  },
  block: {
    type: "string",
    value: "N",
    help: `calls of one visit to a cell, at most (default: the experiment's own, else ${DEFAULT_LIMITS.blockRequests})`,
  },
  warmup: {
    type: "string",
    value: "N",
    help: `warm-up calls, at least, for what is seen for the first time (default: the experiment's own, else ${DEFAULT_LIMITS.warmupRequests})`,
  },
  timeout: {
    type: "string",
    value: "SECONDS",
    help: `a call that takes longer has failed (default: the experiment's own, else ${DEFAULT_LIMITS.timeoutMs / 1000})`,
  },
  "allow-missing": {
    type: "boolean",
    help: "machines that are not deployed are left out, cells of models that a server does not have fail with its reason",
  },
  budget: { type: "string", value: "MINUTES", help: "stop after this long, once every cell was visited" },
  repeat: {
    type: "string",
    value: "N",
    help: "measure the matrix so many times, a run each, and say how well each agrees with the first",
    default: "1",
  },
  seed: { type: "string", value: "N", help: "seed of the order of visits", default: "1" },
  runs: { type: "string", value: "DIR", help: "folder where runs are kept", default: "runs" },
  resume: { type: "boolean", help: "go on with the newest run (or the one named as operand)" },
  "accept-changes": {
    type: "boolean",
    help: "with --resume: go on though client program, servers or models changed since; every output then says so",
  },
  remark: { type: "string", value: "TEXT", help: "what a reader of the tables must know about these machines" },
  threshold: { type: "string", value: "PERCENT", help: "compare: smaller changes count as none (default: 5%)" },
  strict: { type: "boolean", help: "compare: exit code 1 in place of 2" },
  json: { type: "boolean", help: "print plan, tables or comparison as JSON to stdout" },
} as const satisfies Record<string, OptionSpec>;

export const SPEC: CommandSpec<typeof OPTIONS> = {
  name: "npm run bench --",
  summary:
    "Measures model x protocol x machine x image against what is deployed, and prints the paper's tables beside it.",
  operands: "[plan | tables [RUN] | report [RUN] | compare RUN RUN | RUN (with --resume)]",
  options: OPTIONS,
  details: [
    "Local cells run their client on the server's own machine, remote cells on the machine with the role `client`; the " +
      "agent that makes the calls is sent there over SSH and removed by `pulumi destroy`. A cell that fails says why, the " +
      "others go on, and the exit code is 1. A cell is done once its median is known as precisely as was asked for (its 95 % " +
      "interval, by its calls and by three visits or more, and three windows of ten calls whose medians lie within 10 % of the smallest), or when it " +
      "has all its calls. A run that was interrupted goes on with --resume: nothing lost, nothing twice.",
    "A name in a file of experiments or in --models is a fault where nothing deployed has it and it is neither a role nor a " +
      "model that Lathe or this checkout knows (stacks/roles, Pulumi.STACK.yaml, the catalogue). A known one that is not " +
      "deployed just now is left out, and said. --allow-missing takes every name.",
    "Where an experiment sets a rate (open loop), latency counts from when a call was due. Each visit leads in at that rate " +
      "for three times as long as it measures (told as warm-up), so that calls meet a queue and not an idle server; near to " +
      "what a server can do a queue takes longer than that to build up, and longer blocks see more of it.",
    "Each run is a folder: run.json (provenance), records.jsonl (one line a call), answers.jsonl, and " +
      "the report: report.html (one file, no network), report.md, report.csv (one line a cell), report.json.",
    readsText(),
  ],
  examples: [
    ["npm run bench", "the paper's experiments, on everything that is deployed"],
    ["npm run bench -- plan", "the cells, their number, and how long they will take, without measuring them"],
    [
      "npm run bench -- --matrix my.yaml --experiment parallel",
      "an experiment of your own (bench/matrix/experiments/example.yaml shows all that one can say)",
    ],
    [
      "npm run bench -- --stack edge --models ssd-mobilenet --client probe,grpc-js,rest",
      "one machine, one model, three clients",
    ],
    [
      "npm run bench -- --budget 10",
      "what fits into ten minutes: every cell once, then as many rounds as there is time for",
    ],
    [
      "npm run bench -- --repeat 2",
      "twice the same, and how well the two runs agree: what differences mean on these machines",
    ],
    ["npm run bench -- --resume", "go on with the newest run"],
    [
      "npm run bench -- compare 2026-11-22T18-00-00Z 2026-11-23T18-00-00Z --threshold 5%",
      "what got slower or fails more often; exit code 1 where something did, 2 where that is not known, 0 where all was told",
    ],
    ["npm run bench -- tables 2026-11-23T18-00-00Z --json", "a run's report again, printed, and for a program"],
    ["npm run bench -- report", "write the newest run's report again (report.html, .md, .csv, .json)"],
  ],
};

/** The options of a run, checked. */
export interface BenchOptions {
  /** File of experiments; undefined: the default one. */
  readonly matrix: string | undefined;
  readonly experiments: readonly string[] | undefined;
  readonly stacks: readonly string[] | undefined;
  readonly outputs: readonly string[] | undefined;
  readonly models: readonly string[] | undefined;
  readonly images: readonly number[] | undefined;
  readonly photographs: string;
  readonly clientKinds: readonly string[] | undefined;
  readonly places: readonly ("local" | "remote")[];
  /** Limits of the run. */
  readonly limits: Limits;
  /** Those of them that were given: they go before an experiment's own. */
  readonly givenLimits: CellLimits;
  readonly seed: number;
  /** Runs of the same matrix, one after the other. */
  readonly repeat: number;
  readonly remark: string | undefined;
  /** Take names that nothing deployed has. */
  readonly allowMissing: boolean;
}

/**
 * Checks the options of `npm run bench`.
 *
 * @throws UserError with all their faults at once
 */
export function benchOptions(values: Values<typeof OPTIONS>): BenchOptions {
  const faults: Fault[] = [];
  const number = (name: keyof typeof OPTIONS, low: number, integer: boolean): number => {
    const text = String(values[name]);
    const value = Number(text);
    if (!Number.isFinite(value) || value < low || (integer && !Number.isInteger(value)))
      faults.push({
        what: `--${name} ${text}`,
        expected: `${integer ? "a whole number" : "a number"} of at least ${low}`,
      });
    return value;
  };
  const precision = (text: string): number | null => {
    if (text === "none") return null;
    const value = percentOf(text) ?? NaN;
    if (!(value > 0 && value <= 1)) faults.push({ what: `--precision ${text}`, expected: `${PERCENT}, or none` });
    return value;
  };
  const words = (text: string | undefined) =>
    text
      ?.split(",")
      .map((w) => w.trim())
      .filter((w) => w !== "");
  const oneOf = <T extends string>(name: string, text: string | undefined, allowed: readonly T[]): T[] =>
    (words(text) ?? []).filter((word): word is T => {
      if ((allowed as readonly string[]).includes(word)) return true;
      faults.push({ what: `--${name}: "${word}"`, expected: `one or more of ${allowed.join(", ")}` });
      return false;
    });
  const images = words(values.images)?.map((word) => {
    const id = Number(word.replace(/^image-/i, ""));
    if (!Number.isInteger(id) || id < 1) faults.push({ what: `--images: "${word}"`, expected: "numbers such as 2,7" });
    return id;
  });
  const given = <T>(name: keyof typeof OPTIONS, key: string, read: () => T) =>
    values[name] === undefined ? {} : { [key]: read() };
  const givenLimits: CellLimits = {
    ...given("requests", "requests", () => number("requests", 1, true)),
    ...given("precision", "precision", () => precision(values.precision ?? "")),
    ...given("block", "blockRequests", () => number("block", 1, true)),
    ...given("warmup", "warmupRequests", () => number("warmup", 0, true)),
    ...given("timeout", "timeoutMs", () => number("timeout", 0.001, false) * 1000),
  };
  const options: BenchOptions = {
    matrix: values.matrix,
    experiments: words(values.experiment),
    stacks: words(values.stack),
    outputs: words(values.outputs),
    models: words(values.models),
    images,
    photographs: values.photographs ?? OPTIONS.photographs.default,
    clientKinds:
      values.client === undefined
        ? undefined
        : oneOf(
            "client",
            values.client,
            clientKinds.map((k) => k.name),
          ),
    places: oneOf("place", values.place, ["local", "remote"]),
    seed: number("seed", 0, true),
    repeat: number("repeat", 1, true),
    remark: values.remark,
    allowMissing: values["allow-missing"] === true,
    givenLimits,
    limits: {
      ...limitsFor(DEFAULT_LIMITS, faults.length > 0 ? {} : givenLimits),
      budgetMs: values.budget === undefined ? null : number("budget", 0.01, false) * 60_000,
    },
  };
  if (faults.length > 0) throw new UserError(faults.map((f) => ({ ...f, fix: `${SPEC.name} --help` })));
  return options;
}

/**
 * Refuses operands that nobody will read.
 *
 * @param most how many a command takes, with its own name where it has one
 * @throws UserError where there are more
 */
export function noMoreOperands(operands: readonly string[], most: number): void {
  const surplus = operands.slice(most);
  if (surplus.length > 0)
    throw new UserError({
      what: `${surplus.length === 1 ? "operand" : "operands"} too many: ${surplus.map((o) => `"${o}"`).join(", ")}`,
      expected: SPEC.operands ?? "",
      fix: `${SPEC.name} --help`,
    });
}

/**
 * A threshold as a share.
 *
 * @throws UserError where it is no percentage above 0 and below 1000
 */
export function share(text: string): number {
  const value = percentOf(text) ?? NaN;
  if (value > 0 && value < 10) return value;
  throw new UserError({ what: `--threshold ${text}`, expected: `${PERCENT}; above 0 and below 1000` });
}
