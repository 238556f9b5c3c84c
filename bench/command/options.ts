import { clientKinds } from "../../clients/registry.ts";
import { type Options, jsonOption } from "../../lib/cli/spec.ts";
import { DEFAULT_LIMITS } from "../matrix/limits.ts";

export const KINDS = clientKinds.map((kind) => kind.name);
const DEFAULT_KINDS = clientKinds.filter((kind) => kind.isDefault).map((kind) => kind.name);
export const PLACES = ["local", "remote"] as const;

const RUNS = {
  runs: {
    type: "string",
    value: "DIR",
    help: "folder where runs are kept",
    default: "runs",
    rare: true,
    completes: "files",
  },
} as const satisfies Options;

const OUTPUTS = {
  outputs: {
    ...{ type: "string", value: "FILES", rare: true, completes: "files" },
    help: "read stacks' outputs from JSON files, not from Pulumi",
  },
} as const satisfies Options;

/** What says which cells there are, and how each is measured. */
export const MATRIX = {
  matrix: {
    ...{ type: "string", value: "FILE", completes: "files" },
    help: "experiments to measure (default: bench.yaml where there is one, else the paper's)",
  },
  experiment: {
    type: "string",
    value: "A,B",
    help: "experiments of that file (default: all)",
    completes: "experiments",
  },
  stack: {
    type: "string",
    value: "A,B",
    help: "stacks to measure (default: all that are deployed)",
    completes: "stacks",
  },
  models: {
    type: "string",
    value: "A,B",
    help: "models (default: the experiment's, else all deployed)",
    completes: "models",
  },
  images: { type: "string", value: "1,2", help: "photographs by number (default: the experiment's, else all)" },
  client: {
    ...{ type: "string", value: "KINDS", completes: KINDS },
    help: `client kinds: ${KINDS.join(", ")} (default: the experiment's, else ${DEFAULT_KINDS.join(",")})`,
  },
  place: {
    ...{ type: "string", value: "PLACES", completes: PLACES, default: PLACES.join(",") },
    help: "client and server on one machine (local), on two (remote)",
  },
  requests: {
    ...{ type: "string", value: "N" },
    help: `measured calls a cell, at most (default: the experiment's, else ${DEFAULT_LIMITS.requests})`,
  },
  precision: {
    ...{ type: "string", value: "PERCENT" },
    help: `half-width of the median's 95 % interval that ends a cell, or none (default: the experiment's, else ${100 * (DEFAULT_LIMITS.precision ?? 0)})`,
  },
  budget: { type: "string", value: "MINUTES", help: "stop after this long, once every cell was visited" },
  block: {
    ...{ type: "string", value: "N", rare: true },
    help: `calls of one visit to a cell, at most (default: the experiment's, else ${DEFAULT_LIMITS.blockRequests})`,
  },
  warmup: {
    ...{ type: "string", value: "N", rare: true },
    help: `warm-up calls, at least, for what is seen for the first time (default: the experiment's, else ${DEFAULT_LIMITS.warmupRequests})`,
  },
  timeout: {
    ...{ type: "string", value: "SECONDS", rare: true },
    help: `a call that takes longer has failed (default: the experiment's, else ${DEFAULT_LIMITS.timeoutMs / 1000})`,
  },
  photographs: {
    ...{ type: "string", value: "LIST", rare: true, completes: "files", default: "models/photographs.yaml" },
    help: "list of photographs (YAML)",
  },
  "allow-missing": {
    ...{ type: "boolean", rare: true },
    help: "take names that nothing deployed has: such machines are left out, cells of such models fail and say why",
  },
} as const satisfies Options;

/** Options of a new run alone. */
export const NEW_RUN = {
  repeat: { type: "string", value: "N", help: "measure the matrix so many times, a run each", default: "1" },
  seed: { type: "string", value: "N", help: "seed of the order of visits", default: "1", rare: true },
  remark: { type: "string", value: "TEXT", help: "what a reader of the tables must know", rare: true },
} as const satisfies Options;

/** Options of a run that goes on: everything else is as it began. */
export const RESUMED = {
  resume: { type: "boolean", help: "go on with the newest run, or with RUN" },
  "accept-changes": {
    ...{ type: "boolean", rare: true },
    help: "with --resume: go on though client program, servers or models changed; every output then says so",
  },
  ...OUTPUTS,
  ...RUNS,
  json: jsonOption("lathe.report/1", { alsoTable: true }),
} as const satisfies Options;

export const PLAN = { ...MATRIX, ...OUTPUTS, ...RUNS, json: jsonOption("lathe.plan/2") } as const satisfies Options;
export const BENCH = { ...MATRIX, ...NEW_RUN, ...RESUMED } as const satisfies Options;
export const REPORT = {
  print: { type: "boolean", help: "print it as text, and write no file" },
  ...RUNS,
  json: jsonOption("lathe.report/1"),
} as const satisfies Options;
export const COMPARE = {
  threshold: { type: "string", value: "PERCENT", help: "smaller changes count as none", default: "5%" },
  strict: { type: "boolean", help: "exit code 1 in place of 3" },
  ...RUNS,
  json: jsonOption("lathe.compare/2"),
} as const satisfies Options;
