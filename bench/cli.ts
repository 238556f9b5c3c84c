import { command } from "../lib/cli/spec.ts";
import { benchOptions, refuseUnread, twoRuns } from "./command/choices.ts";
import { BENCH, COMPARE, PLAN, REPORT } from "./command/options.ts";

const LOCAL =
  "A local cell's client runs on the server's own machine, a remote cell's on the machine with the role `client`; the agent " +
  "that makes the calls goes there over SSH and is removed by `down`.";
const NAMES =
  "A name in a file of experiments or in --models is a fault where nothing deployed has it and it is neither a role nor a " +
  "model that Lathe or this checkout knows (stacks/roles, Pulumi.STACK.yaml, the catalogue). A known one that is not " +
  "deployed just now is left out, and said. --allow-missing takes every name.";
const RATES =
  "Where an experiment sets a rate (open loop), latency counts from when a call was due. Each visit leads in at that rate " +
  "for three times as long as it measures (shown as warm-up), so that calls meet a queue and not an idle server; near to " +
  "what a server can do a queue takes longer than that to build up, and longer blocks see more of it.";

export const plan = command(
  {
    name: "npx lathe plan",
    summary: "Shows the cells that `bench` would measure, how many they are, and how long they take.",
    options: PLAN,
    details: [
      "It reads what is deployed and calls no server. Options are those of `bench`. Where an earlier run shows the noise of these cells, " +
        "a table says how many rounds a change takes to be told by `lathe compare`.",
    ],
    more: [LOCAL, NAMES],
    examples: [
      ["npx lathe plan", "the paper's experiments on everything deployed"],
      ["npx lathe plan --matrix my.yaml --budget 10", "what fits into ten minutes"],
    ],
    exits: { 0: "planned", 1: "no plan: nothing is deployed, or a file is wrong" },
  },
  async (values) => (await import("./command/plan.ts")).printPlan(benchOptions(values), values),
);

export const bench = command(
  {
    name: "npx lathe bench",
    summary: "Measures model x protocol x machine x image against what is deployed, and reports it.",
    operands: "[RUN (with --resume)]",
    most: 1,
    options: BENCH,
    details: [
      "A run is a folder in runs/: run.json, records.jsonl, answers.jsonl and the report (html, md, csv, json). A cell that fails " +
        "says why and the others go on. --resume goes on with a run: nothing lost, nothing twice.",
    ],
    more: [
      LOCAL,
      "A cell is done once its median is known as precisely as was asked for (its 95 % interval, by its calls and by three " +
        "visits or more, and three windows of ten calls whose medians lie within 10 % of the smallest), or when it has all its calls.",
      "With --resume only --accept-changes, --outputs, --runs and what says how to report can be given: everything else is as the " +
        "run began.",
      "A summary for a CI job is also appended to the file that GITHUB_STEP_SUMMARY names, where it is set.",
      NAMES,
      RATES,
    ],
    examples: [
      ["npx lathe bench --stack edge --client probe,grpc-js", "one machine, two clients"],
      ["npx lathe bench --matrix my.yaml --budget 10", "experiments of your own (docs/guide.md)"],
      ["npx lathe bench --junit bench.xml", "for CI; thresholds stand in the file of experiments"],
      ["npx lathe bench --resume", "go on with the newest run"],
    ],
    exits: {
      0: "every cell was measured and every threshold holds",
      1: "a cell failed, or a threshold is broken",
      3: "a threshold is inconclusive",
      130: "interrupted: go on with --resume",
    },
    completes: "runs",
  },
  async (values, [named], { given }) => {
    refuseUnread(values.resume === true, named, given);
    return (await import("./command/run.ts")).measureMatrix(benchOptions(values), values, named);
  },
);

export const report = command(
  {
    name: "npx lathe report",
    summary: "Writes a run's report again: report.html (one file, no network), .md, .csv (one line a cell), .json.",
    operands: "[RUN]",
    most: 1,
    options: REPORT,
    details: ["RUN is a run's id or its folder; without it the newest run is meant."],
    examples: [
      ["npx lathe report", "the newest run's files, and its summary"],
      ["npx lathe report 2026-11-23T18-00-00Z --print --full", "one run's tables, in the terminal"],
      ["npx lathe report --calls-csv calls.csv", "every call, for a notebook (docs/outputs.md)"],
      ["npx lathe report --json | jq '.cells[].summary'", "for a program"],
    ],
    exits: { 0: "reported", 1: "the run cannot be read" },
    completes: "runs",
  },
  async (values, [named]) => (await import("./command/report.ts")).report(values, named),
);

export const compare = command(
  {
    name: "npx lathe compare",
    summary: "Compares two runs: what got slower, faster, or fails more often in the later one.",
    operands: "RUN RUN",
    most: 2,
    options: COMPARE,
    details: [
      "The earlier run comes first. Judged are the whole, groups of cells (median and p90), single cells and failures, each with its " +
        "interval; the rules stand below the tables. Runs that repeat one of the two (`bench --repeat`) show what differs from run to run.",
    ],
    examples: [
      ["npx lathe compare 2026-11-22T18-00-00Z 2026-11-23T18-00-00Z", "did it get slower by 5 %?"],
      ["npx lathe compare A B --threshold 10% --strict", "for CI: not known fails too"],
    ],
    exits: {
      0: "nothing got worse, and that is known",
      1: "something got slower or fails more often",
      3: "inconclusive: the runs are too short, or not of the same cells",
    },
    completes: "runs",
  },
  async (values, operands) => {
    const runs = twoRuns(operands);
    return (await import("./command/compare.ts")).compare(runs, values);
  },
);
