import { clientKinds } from "../../clients/registry.ts";
import { type Options, type Reader, jsonOption } from "../../lib/cli/spec.ts";
import { imageNumbers, list, listOf, number, path, paths, positive, whole } from "../../lib/cli/values.ts";
import { PERCENT, percentOf } from "../format/percent.ts";
import { CAPACITY_SCHEMA, COMPARE_SCHEMA, PLAN_SCHEMA, REPORT_SCHEMA } from "../format/schemas.ts";
import { SLO, type Slo, sloOf } from "../capacity/slo.ts";
import { LOAD_MODES } from "../loads/registry.ts";
import { DEFAULT_LIMITS } from "../matrix/limits.ts";
import { type AskedOutput, OUTPUTS } from "../report/outputs/registry.ts";

const KINDS = clientKinds.map((kind) => kind.name);
const NEIGHBOURS = ["frozen", "running"] as const;
const PLACEMENTS = ["local", "remote"] as const;

/** A percentage, read as a share. */
const percentage =
  (isRight: (share: number) => boolean, expected: string): Reader<number> =>
  (text, wrong) => {
    const share = percentOf(text) ?? NaN;
    if (!isRight(share)) wrong(expected);
    return share;
  };

const precision: Reader<number | null> = (text, wrong) =>
  text === "none" ? null : percentage((share) => share > 0 && share <= 1, `${PERCENT}, or none`)(text, wrong);

/** One word of some. */
function oneOf<T extends string>(words: readonly T[]): Reader<T> {
  return (text, wrong) => {
    const found = words.find((one) => one === text);
    if (found === undefined) wrong(words.join(" or "));
    return found ?? (words[0] as T);
  };
}

const RUNS = {
  runs: {
    ...{ value: "DIR", read: path, rare: true, completes: "files" },
    help: "folder where runs are kept (default: runs in the checkout)",
  },
} as const satisfies Options;

const STACK_OUTPUTS = {
  outputs: {
    ...{ value: "FILE,FILE", read: paths, rare: true, completes: "files" },
    help: "read stacks' outputs from JSON files, not from Pulumi",
  },
} as const satisfies Options;

/** Options for outputs of a run's report, besides its files. */
const SHOWN = {
  full: { help: "print every table in place of the summary" },
  ...(Object.fromEntries(
    OUTPUTS.flatMap((output) =>
      "option" in output
        ? [[output.option, { value: "FILE", read: path, help: `write ${output.help}`, completes: "files" }]]
        : [],
    ),
  ) as Readonly<Record<AskedOutput, { value: "FILE"; read: Reader<string>; help: string; completes: "files" }>>),
} as const satisfies Options;

/** Options that only `--help --all` shows. */
function rarely<O extends Options>(options: O): O {
  return Object.fromEntries(Object.entries(options).map(([name, o]) => [name, { ...o, rare: true }])) as O;
}

/** Options that choose the cells, and how each is measured. */
const MATRIX = {
  matrix: {
    ...{ value: "FILE", read: path, completes: "files" },
    help: "file of experiments (default: bench.yaml if there is one, else the paper's)",
  },
  experiment: {
    ...{ value: "A,B", read: list, completes: "experiments" },
    help: "experiments of that file (default: all)",
  },
  stack: {
    ...{ value: "A,B", read: list, completes: "stacks" },
    help: "stacks to measure (default: all that are deployed)",
  },
  models: {
    ...{ value: "A,B", read: list, completes: "models" },
    help: "models (default: the experiment's, else all deployed)",
  },
  images: {
    ...{ value: "1,2", read: imageNumbers },
    help: "photographs by number (default: the experiment's, else all)",
  },
  client: {
    ...{ value: "KINDS", read: listOf(KINDS), completes: KINDS },
    help: `client kinds: ${KINDS.join(", ")} (default: the experiment's, else each API's own defaults)`,
  },
  placement: {
    ...{ value: "A,B", read: listOf(PLACEMENTS), completes: PLACEMENTS, default: PLACEMENTS.join(",") },
    help: "local: client, server on one machine; remote: on two",
  },
  requests: {
    ...{ value: "N", read: whole(1) },
    help: `measured calls a cell, at most (default: the experiment's, else ${DEFAULT_LIMITS.requests})`,
  },
  precision: {
    ...{ value: "PERCENT", read: precision },
    help: `half-width of the median's 95 % interval at which a cell is done, or none (default: the experiment's, else ${100 * (DEFAULT_LIMITS.precision ?? 0)})`,
  },
  budget: { value: "MINUTES", read: number(0.01), help: "stop after this long, once every cell was visited" },
  block: {
    ...{ value: "N", read: whole(1), rare: true },
    help: `calls of one visit to a cell, at most (default: the experiment's, else ${DEFAULT_LIMITS.blockRequests})`,
  },
  warmup: {
    ...{ value: "N", read: whole(0), rare: true },
    help: `warm-up calls, at least, if the model, image or connection is new (default: the experiment's, else ${DEFAULT_LIMITS.warmupRequests})`,
  },
  timeout: {
    ...{ value: "SECONDS", read: positive, rare: true },
    help: `a call that takes longer has failed (default: the experiment's, else ${DEFAULT_LIMITS.timeoutMs / 1000})`,
  },
  photographs: {
    ...{ value: "LIST", read: path, rare: true, completes: "files" },
    help: "list of photographs (YAML), or a folder of them (default: models/photographs.yaml of the checkout)",
  },
  "allow-missing": {
    rare: true,
    help: "accept names of machines and models that are not deployed: such machines are left out, cells of such models fail",
  },
} as const satisfies Options;

/** Options for new runs only. */
const NEW_RUN = {
  repeat: { value: "N", read: whole(1), help: "measure the matrix N times, each in a run of its own", default: "1" },
  neighbours: {
    ...{ value: "WHAT", read: oneOf(NEIGHBOURS), completes: NEIGHBOURS, default: "frozen", rare: true },
    help: "other servers of a machine while one is measured: frozen (they take no processor), or running",
  },
  "repeat-of": {
    ...{ value: "RUN", rare: true, completes: "runs" },
    help: "this run repeats RUN: after a restart of its servers, it shows `compare` what a restart changes",
  },
  seed: { value: "N", read: whole(0), help: "seed of the order of visits", default: "1", rare: true },
  "no-score": { help: "do not measure the machines' scores (some seconds, once after each start)", rare: true },
  remark: { value: "TEXT", help: "what a reader of the tables must know", rare: true },
  next: { value: "TEXT", help: "what the summary suggests to type next", rare: true },
} as const satisfies Options;

/** Options that a resumed run reads. It keeps the others as it began. */
export const RESUMED = {
  resume: { help: "go on with the newest run, or with RUN" },
  "accept-changes": {
    rare: true,
    help: "with --resume: go on even if client program, servers or models have changed; every output then says so",
  },
  ...STACK_OUTPUTS,
  ...RUNS,
  ...rarely(SHOWN),
  full: SHOWN.full,
  json: jsonOption(REPORT_SCHEMA, { alsoTable: true }),
} as const satisfies Options;

export const PLAN = { ...MATRIX, ...STACK_OUTPUTS, ...RUNS, json: jsonOption(PLAN_SCHEMA) } as const satisfies Options;
export const BENCH = { ...MATRIX, ...NEW_RUN, ...RESUMED } as const satisfies Options;
export const REPORT = {
  print: { help: "print it as text, and write no file" },
  ...RUNS,
  ...SHOWN,
  json: jsonOption(REPORT_SCHEMA),
} as const satisfies Options;
export const COMPARE = {
  threshold: {
    ...{ value: "PERCENT", help: "smaller changes count as none", default: "5%" },
    read: percentage((share) => share > 0 && share < 10, `${PERCENT}; above 0 and below 1000`),
  },
  strict: { help: "exit code 1 in place of 3" },
  ...RUNS,
  json: jsonOption(COMPARE_SCHEMA),
} as const satisfies Options;

/** Load modes with one rate: a search's steps can use them. */
const RATES: readonly string[] = LOAD_MODES.filter((m) => m.ratePerSecond !== undefined && m.loadGen === undefined).map(
  (m) => m.mode as string,
);

const slo: Reader<Slo> = (text, wrong) => {
  const found = sloOf(text);
  if (found === undefined) wrong(SLO);
  return found ?? { text, q: 0.99, limitMs: 1 };
};

const { matrix, experiment, stack, models, images, client, placement, timeout, photographs } = MATRIX;
/** Options that resumed searches read. They keep the others as they began. */
export const RESUMED_CAPACITY = {
  resume: { help: "go on with the searches of the newest run, or of RUN" },
  "accept-changes": RESUMED["accept-changes"],
  full: SHOWN.full,
  json: jsonOption(CAPACITY_SCHEMA, { alsoTable: true }),
  ...STACK_OUTPUTS,
  ...RUNS,
} as const satisfies Options;

export const CAPACITY = {
  slo: { value: "SLO", read: slo, help: "what the answers must keep to", default: "p99 < 200 ms" },
  precision: {
    ...{ value: "PERCENT", default: "5%", help: "half-width of the 95 % interval at which a search ends" },
    read: percentage((share) => share >= 0.01 && share <= 1, `${PERCENT}; 1 % or more`),
  },
  load: {
    ...{ value: "MODE", read: oneOf(RATES), completes: RATES, default: "poisson" },
    help: `load mode of the steps: ${RATES.join(", ")}`,
  },
  budget: {
    value: "MINUTES",
    read: number(0.01),
    help: "begin no step that would end after this time",
  },
  ...{ matrix, stack, models, client, placement },
  ...rarely({ experiment, images }),
  ...{ timeout, photographs, "allow-missing": MATRIX["allow-missing"] },
  ...{ neighbours: NEW_RUN.neighbours, seed: NEW_RUN.seed, remark: NEW_RUN.remark, "no-score": NEW_RUN["no-score"] },
  ...RESUMED_CAPACITY,
} as const satisfies Options;
