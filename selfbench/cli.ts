import { command } from "../lib/cli/spec.ts";
import { CLIENTS, FLEET, LAG, RECORDS, TRUTH, TUNE } from "./options.ts";

const exits = { 0: "measured, and with --check every goal is met", 1: "failed, or with --check a goal is missed" };

export const clients = command(
  {
    name: "npx lathe selfbench clients",
    summary:
      "Compares Lathe's gRPC and REST clients with ghz, wrk and the official Python client, and shows whether the goals are met.",
    options: CLIENTS,
    details: [
      "All clients call one server with fixed answers (selfbench/clients/server), over one connection, one call at a time. A request " +
        "is 921,676 bytes of gRPC, or the same pixels as nested JSON lists; an answer is 12 kB. In each round every client starts in " +
        "a new process, with a new connection, and warms up. Then all take turns, in an order that changes.",
    ],
    more: [
      "A ratio compares two clients in the same turn; its median over all turns counts. ghz and wrk run once and print, so they " +
        "are a new process in each turn. A client that is compiled while it runs is warm after some time, not after some calls: " +
        "until then one call in a hundred waits for the compiler. If you are root, server and clients run at nice -20, before " +
        "everything else on the machine.",
      "The first run builds ghz and the server from Go modules, and installs wrk (Debian's package) and the official Python " +
        "client (from PyPI).",
    ],
    examples: [
      ["npx lathe selfbench clients", "the table, about nine minutes"],
      ["npx lathe selfbench clients --protocol rest --json > rest.json", "REST only, for a program"],
    ],
    exits,
  },
  async (values) => (await import("./clients/command.ts")).benchClients(values),
);

export const fleet = command(
  {
    name: "npx lathe selfbench fleet",
    summary: "Compares `lathe up` and `lathe down` with an Ansible playbook and a shell loop that do the same work.",
    options: FLEET,
    details: [
      "The contenders take turns in an order that rotates. Each begins and ends with empty hosts. A ratio compares two contenders' " +
        "times in the same round. A first round with one host warms caches and does not count. It took 13 minutes on two idle cores. " +
        "It needs root, as the lab does. It installs Ansible from PyPI into an environment of its own.",
    ],
    more: [
      "The work on each host: read its facts; write a folder with the list of models; deliver a model's archive, check its SHA-256 " +
        "and rename it into place; pull an image by digest; start a container with the settings that Lathe gives it; run a gate (the " +
        "model is AVAILABLE and answers a predict). Then the same again with nothing changed. Then remove everything. Lathe's gate " +
        "checks more: gRPC and REST, and the settings as the container really has them.",
    ],
    examples: [
      ["npx lathe selfbench fleet", "1, 4 and 16 hosts"],
      ["npx lathe selfbench fleet --hosts 1 --rounds 1 --keep", "a quick look"],
    ],
    exits,
  },
  async (values) => (await import("./fleet/command.ts")).benchFleet(values),
);

export const lag = command(
  {
    name: "npx lathe selfbench lag",
    summary: "Measures how late the calls of an open loop begin, with the clock and the loop that runs use.",
    options: LAG,
    details: [
      "Calls are due at a fixed rate. Each sends a byte over one connection to a server on this machine that answers with a byte. The goals: " +
        "99 of 100 calls begin within 0.015 ms of when they are due at 1,000 calls a second, and within 0.48 ms at 5,000. They hold on a machine " +
        "with two processors that has nothing else to do.",
    ],
    examples: [
      ["npx lathe selfbench lag", "both rates, 22 seconds"],
      ["npx lathe selfbench lag --rates 2000 --seconds 60", "another rate, for a minute"],
    ],
    exits,
  },
  async (values) => (await import("./loads/lag.ts")).benchLag(values),
);

export const records = command(
  {
    name: "npx lathe selfbench records",
    summary:
      "Makes runs of five thousand and of a million records and measures how long, and in how much memory, each is reported.",
    options: RECORDS,
    details: [
      "The goals, with all files of the report written: a million records in under 60 s and 1024 MiB, five thousand (the demo's run) " +
        "in under 5 s and 384 MiB, other numbers in proportion. The records are invented: three machines, ten photographs, three " +
        "models and two protocols, as in the paper's matrix. The command that reports them is the real one, in its own process.",
    ],
    examples: [
      ["npx lathe selfbench records --records 50000", "a quick look"],
      ["npx lathe selfbench records --check", "for CI"],
    ],
    exits,
  },
  async (values) => (await import("./clients/records.ts")).benchRecords(values),
);

export const truth = command(
  {
    name: "npx lathe selfbench truth",
    summary: "Simulates runs whose truth is known, and shows how often Lathe says the truth about them.",
    options: TRUTH,
    details: [
      "Each line simulates one kind of noise: of visits, of rounds, of machines, of client machines, noise that lasts, outliers, " +
        "restarts. The simulated runs are judged by the functions that reports, verdicts and comparisons use. A promise is missed if " +
        "the result is further from it than chance explains (2.6 standard errors).",
    ],
    examples: [
      ["npx lathe selfbench truth", "both tables, about ten minutes"],
      ["npx lathe selfbench truth --only restart --trials 1000", "some lines, more closely"],
    ],
    exits: { 0: "every promise is kept", 1: "a promise is missed, or something failed" },
  },
  async (values) => (await import("./truth/command.ts")).benchTruth(values),
);

export const tune = command(
  {
    name: "npx lathe selfbench tune",
    summary:
      "Races of `lathe tune` in worlds whose best settings are known, beside Optuna's TPE, hill climbing and the grid.",
    options: TUNE,
    details: [
      "The worlds are sweeps of 49 settings that were measured on a machine of 16 cores and are played again, synthetic machines of 8 and 32 " +
        "cores, arms that are equal, one that is 5 % better, and one that is good only at times. All visits take one second.",
    ],
    more: [
      "The first run installs Optuna from PyPI into an environment of its own; with --compared-seeds 0 it does not.",
    ],
    examples: [
      ["npx lathe selfbench tune", "all tables"],
      ["npx lathe selfbench tune --seeds 1000 --compared-seeds 0 --only sweep", "some worlds, more closely"],
    ],
    exits,
  },
  async (values) => (await import("./tune/command.ts")).benchTune(values),
);
