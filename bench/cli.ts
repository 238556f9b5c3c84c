import { command } from "../lib/cli/spec.ts";
import { benchOptions, refuseUnread, twoRuns } from "./command/choices.ts";
import { BENCH, CAPACITY, COMPARE, PLAN, REPORT } from "./command/options.ts";

const LOCAL =
  "A local cell's client runs on the server's own machine, a remote cell's on the machine with the role `client`. The agent " +
  "that makes the calls goes there over SSH; `down` removes it.";
const NAMES =
  "A name in a file of experiments or in --models is a fault if nothing deployed has it and Lathe does not know it. Known are " +
  "the roles of stacks/roles and of Pulumi.STACK.yaml files, and the models of the catalogue. A known name that is not deployed " +
  "is left out, and the output says so. --allow-missing accepts every name.";
const RATES =
  "If an experiment sets a rate (open loop), latency counts from when a call was due. Each visit first makes calls at that rate " +
  "(a lead-in), three times as long as it measures, so that the server's queue is not empty. If the rate is near to what the " +
  "server can answer, the queue takes longer to build up: set a larger blockRequests and blockSeconds.";

export const plan = command(
  {
    name: "npx lathe plan",
    summary: "Shows the cells that `bench` would measure, how many they are, and how long they take.",
    options: PLAN,
    details: [
      "It reads what is deployed and calls no server. Options are those of `bench`. If an earlier run shows the noise of these cells, " +
        "a table says how many rounds `lathe compare` needs to find a change.",
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
      "A run is a folder in runs/: run.json, records.jsonl, answers.jsonl and the report (html, md, csv, json; methods.html). If a " +
        "cell fails, it says why and the others go on. --resume goes on with a run: no call is lost or made twice.",
    ],
    more: [
      LOCAL,
      "A cell is done when its median is as precise as was asked for, or when it has all its calls. Precise means: its 95 % interval " +
        "is narrow enough, by its calls and by three visits or more, and the medians of its last three windows of ten calls lie " +
        "within 10 % of the smallest.",
      "With --resume you can give only --accept-changes, --outputs, --runs and the options that say how to report. Everything else is " +
        "as the run began.",
      "If GITHUB_STEP_SUMMARY is set, a summary for the CI job is also appended to the file that it names.",
      NAMES,
      RATES,
    ],
    examples: [
      ["npx lathe bench --stack edge --client probe,grpc-js", "one machine, two clients"],
      ["npx lathe bench --matrix my.yaml --budget 10", "experiments of your own (docs/guide.md)"],
      ["npx lathe bench --junit bench.xml", "for CI; the file of experiments has the thresholds"],
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

export const capacity = command(
  {
    name: "npx lathe capacity",
    summary:
      "Finds the highest rate of calls that meets an SLO, for each client machine, server, client kind and model.",
    operands: "[RUN (with --resume)]",
    most: 1,
    options: CAPACITY,
    details: [
      "It searches the cells of `plan`, each with its first photograph, in steps. Each step uses the rate that, by the steps before, is " +
        "as likely too high as too low. An overloaded step has no percentile (docs/load.md). `npx lathe report` writes the run's report again.",
    ],
    more: [
      "With --resume a search goes on after the steps that it has. It keeps what was asked for; --budget counts anew.",
    ],
    examples: [
      ['npx lathe capacity --slo "p99 < 200 ms" --stack edge', "how many calls a second can edge answer in time?"],
      ["npx lathe capacity --resume", "go on with the newest run"],
    ],
    exits: {
      0: "every capacity was found",
      1: "a search failed, or no rate meets the SLO",
      3: "a search is open: the budget ended, or the client machine is the limit",
      130: "interrupted: what was found so far is printed; go on with --resume",
    },
    completes: "runs",
  },
  async (values, [named], { given }) => {
    refuseUnread(values.resume === true, named, given, "capacity");
    return (await import("./command/capacity.ts")).findCapacity(values, named);
  },
);

export const report = command(
  {
    name: "npx lathe report",
    summary: "Writes the report of a run again, and prints its summary.",
    operands: "[RUN]",
    most: 1,
    options: REPORT,
    details: [
      "The report is in the run's folder: report.html (one file that needs no network), methods.html (how its numbers are computed), " +
        "report.md, report.csv (one line for each cell) and report.json.",
      "RUN is a run's id or its folder. The default is the newest run.",
    ],
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
      "The earlier run comes first. The whole, groups of cells (median and p90), single cells and failures are judged, each with its " +
        "interval. The rules are below the tables. If runs repeat one of the two (`bench --repeat`, `--repeat-of`), they show what differs from run to run, or what a restart changes.",
    ],
    examples: [
      ["npx lathe compare 2026-11-22T18-00-00Z 2026-11-23T18-00-00Z", "did it get slower by 5 %?"],
      ["npx lathe compare A B --threshold 10% --strict", "for CI: inconclusive fails, too"],
    ],
    exits: {
      0: "surely nothing got worse",
      1: "something got slower or fails more often",
      3: "inconclusive: the runs are too short, or have other cells",
    },
    completes: "runs",
  },
  async (values, operands) => {
    const runs = twoRuns(operands);
    return (await import("./command/compare.ts")).compare(runs, values);
  },
);
