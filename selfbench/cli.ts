import { command } from "../lib/cli/spec.ts";
import { CLIENTS, FLEET, RECORDS, TRUTH } from "./options.ts";

const exits = { 0: "measured, and with --check every goal is met", 1: "failed, or with --check a goal is missed" };

export const clients = command(
  {
    name: "npx lathe selfbench clients",
    summary:
      "Measures Lathe's gRPC and REST clients against ghz, wrk and the official Python client, and shows whether the goals are met.",
    options: CLIENTS,
    details: [
      "One server with fixed answers (selfbench/clients/server), one connection, one call at a time: a 921,676-byte gRPC request " +
        "or the same pixels as nested JSON lists, and an answer of 12 kB. In each round every client is started in a new process, " +
        "with a new connection, and warmed up; then all take turns, in an order that changes.",
    ],
    more: [
      "A ratio compares two clients in the same turn; the median over all turns counts. ghz and wrk, which run once " +
        "and print, are a new process in each turn. A client that is compiled as it runs is warm after a time, not after a number " +
        "of calls: until then a call in a hundred waits for its compiler. As root, server and clients run before whatever else the " +
        "machine does (nice -20), all alike.",
      "ghz and the server are built from Go modules, wrk is Debian's package, the official Python client comes from PyPI: " +
        "each once, at the first run.",
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
    summary: "Measures `lathe up` and `lathe down` against an Ansible playbook and a shell loop that do the same work.",
    options: FLEET,
    details: [
      "Contenders take turns in an order that rotates, each from and to empty hosts; a ratio is made of two contenders' " +
        "times in the same round. A first lap with one host warms caches and does not count. It took 13 minutes on two quiet cores. " +
        "It needs root, as the lab does; Ansible comes from PyPI into an environment of its own.",
    ],
    more: [
      "The work, on each host: read its facts; a folder with the list of models; a model's archive, delivered with its " +
        "SHA-256 checked and renamed into place; an image pulled by digest; a container with the settings that Lathe's own " +
        "has; a gate (the model is AVAILABLE and answers a predict). Then the same again with nothing changed, then all of " +
        "it away. Lathe asks more in its gate: gRPC and REST, and the settings read back from inside the container.",
    ],
    examples: [
      ["npx lathe selfbench fleet", "1, 4 and 16 hosts"],
      ["npx lathe selfbench fleet --hosts 1 --rounds 1 --keep", "a quick look"],
    ],
    exits,
  },
  async (values) => (await import("./fleet/command.ts")).benchFleet(values),
);

export const records = command(
  {
    name: "npx lathe selfbench records",
    summary:
      "Makes runs of five thousand and of a million records and measures how long, and in how much memory, each is reported.",
    options: RECORDS,
    details: [
      "The goals: a million records in under 60 s and 1024 MiB, five thousand (the demo's run) in under 5 s and 384 MiB, other " +
        "numbers in proportion, all files of the report written. The records are made up (three machines, ten photographs, " +
        "three models, two protocols, as the paper's matrix has them); the command that reports them is the real one, in a " +
        "process of its own.",
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
    summary: "Simulates runs whose truth is known and shows how often what Lathe says of them is so.",
    options: TRUTH,
    details: [
      "Each line is a world with one kind of noise: of visits, of rounds, of machines, of client machines, noise that lasts, outliers, " +
        "restarts. Its runs go through the functions that reports, verdicts and comparisons use. A promise counts as missed where what was " +
        "seen lies further from it than chance explains (2.6 standard errors).",
    ],
    examples: [
      ["npx lathe selfbench truth", "both tables, about ten minutes"],
      ["npx lathe selfbench truth --only restart --trials 1000", "some lines, more closely"],
    ],
    exits: { 0: "every promise is kept", 1: "a promise is missed, or failed" },
  },
  async (values) => (await import("./truth/command.ts")).benchTruth(values),
);
