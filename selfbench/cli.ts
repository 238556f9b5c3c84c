import { command } from "../lib/cli/spec.ts";
import { CLIENTS, DISTANCE, FLEET, LINKS, LOAD, RECORDS, TRUTH, TUNE } from "./options.ts";

const exits = { 0: "measured, and with --check every goal is met", 1: "failed, or with --check a goal is missed" };

export const clients = command(
  {
    name: "npx lathe selfbench clients",
    summary:
      "Compares Lathe's gRPC, REST and KServe clients with ghz, wrk, perf_analyzer and the official Python clients, and shows whether the goals are met.",
    options: CLIENTS,
    details: [
      "All clients call a server of fixed answers (selfbench/clients/server), over one connection, one call at a time. A request " +
        "is 921,676 bytes of gRPC, or the same pixels as nested JSON lists or KServe's raw tensors; an answer is 12 kB. In each round " +
        "every client starts in a new process, with a new connection, and warms up. Then all take turns, in an order that changes.",
    ],
    more: [
      "A ratio compares two clients in the same turn; its median over all turns counts. ghz, wrk and perf_analyzer run once and print, so " +
        "they are a new process in each turn. A client that is compiled while it runs is warm after some time, not after some calls: " +
        "until then one call in a hundred waits for the compiler. If you are root, server and clients run at nice -20, before " +
        "everything else on the machine.",
      "Against perf_analyzer the goal is about a client's own overhead: its p50 less that of a bare client, which writes ready-made bytes in " +
        "one call to the kernel, reads the answer's known length, and does nothing else. The ratio of whole calls is beside it.",
      "The first run builds ghz and the server from Go modules, and installs wrk (Debian's package), the official Python " +
        "client, and NVIDIA's tritonclient with perf_analyzer (from PyPI).",
    ],
    examples: [
      ["npx lathe selfbench clients", "the table, about twelve minutes"],
      ["npx lathe selfbench clients --protocol rest --json > rest.json", "REST only, for a program"],
    ],
    exits,
  },
  async (values) => (await import("./clients/command.ts")).benchClients(values),
);

export const distance = command(
  {
    name: "npx lathe selfbench distance",
    summary: "Compares floors (the least times of calls over links) with calls over real links.",
    options: DISTANCE,
    details: [
      "The lab's forwarder joins two network namespaces of this machine. Lathe's clients send 0.92 MB by gRPC and 3.9 MB by REST " +
        "over links of 0 to 150 ms and 10 to 1000 Mbit/s, on new, idle and busy connections. Other calls, real and simulated ones, have one " +
        "planted limit (bandwidth, round trip, slow start, HTTP/2 window, CPU, loss): the result says how often Lathe names it. It needs root, as the lab does.",
    ],
    examples: [
      ["npx lathe selfbench distance", "all cells, about 15 minutes"],
      ["npx lathe selfbench distance --rtts 1,20 --calls 1", "a quick look, about a minute"],
    ],
    exits,
  },
  async (values) => (await import("./distance/command.ts")).benchDistance(values),
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

export const load = command(
  {
    name: "npx lathe selfbench load",
    summary:
      "Compares how late Lathe, ghz, oha and vegeta make calls at fixed rates, and which 99th percentile each reports if the server stalls.",
    options: LOAD,
    details: [
      "All call one server with fixed answers (selfbench/clients/server), a few hundred bytes each way. The server's kernel stamps each " +
        "request when it arrives. By these times alone, a generator's lag is how unevenly it makes its calls. Lathe's generator is the agent that " +
        "runs on client machines. Generator and server have one processor each. If you are root, both run at nice -20.",
    ],
    more: [
      "Afterwards each generator runs once more, and the server stands still for 1.5 s of 15 s. Calls that are due in this time wait for its end.",
      "The first run builds ghz and vegeta from Go modules and oha from its crate, which takes some minutes.",
    ],
    examples: [
      ["npx lathe selfbench load", "the tables, about eleven minutes"],
      ["npx lathe selfbench load --own --rates 5000 --rounds 1", "a quick look"],
    ],
    exits: { ...exits, 3: "with --check no goal is missed, but the machine is too noisy to judge one" },
  },
  async (values) => (await import("./load/command.ts")).benchLoad(values),
);

export const links = command(
  {
    name: "npx lathe selfbench links",
    summary: "Measures how exact the lab's links are: round trips, bandwidth, loss.",
    options: LINKS,
    details: [
      "It makes two networks on this machine and lays links between them, as runs do. A probe sends datagrams, which the far end echoes, and uses " +
        "the kernel's times of their arrival. Lost must be exactly those packets that the seed says. Then the kernel drops packets (xt_statistic), which " +
        "shows whether the probe counts right. It needs root, as the lab does.",
    ],
    examples: [
      ["npx lathe selfbench links", "the table, about a minute"],
      ["npx lathe selfbench links --seconds 20 --check", "more round trips; for CI"],
    ],
    exits,
  },
  async (values) => (await import("./links/command.ts")).benchLinks(values),
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
    summary: "Simulates runs whose truth is known, and shows how often Lathe's results are true.",
    options: TRUTH,
    details: [
      "Each line simulates one kind of noise: of visits, of rounds, of machines, of client machines, noise that lasts, outliers, " +
        "restarts. Functions of reports, verdicts and comparisons judge the simulated runs. A promise is missed if " +
        "the result is further from it than chance explains (2.6 standard errors).",
      "--part queues: each line is a queue whose percentiles are known, at up to 90 % of what its servers can answer. --part capacity: " +
        "searches of simulated servers whose capacity is known. --part wire, --part knee: the same two by real calls to a server on this " +
        "machine that takes scripted times. They need a quiet machine, and --minutes says how long they take.",
    ],
    examples: [
      ["npx lathe selfbench truth", "both tables, about ten minutes"],
      ["npx lathe selfbench truth --part queues", "percentiles under load, about ten minutes"],
      ["npx lathe selfbench truth --part wire --minutes 5", "the same by real calls, five minutes"],
      ["npx lathe selfbench truth --only restart --trials 1000", "some lines, more closely"],
    ],
    exits: {
      0: "every promise that was judged is kept",
      1: "a promise is missed, or something failed",
      3: "no promise was judged: nothing was seen, for one because this machine is too busy for real calls",
    },
  },
  async (values) => (await import("./truth/command.ts")).benchTruth(values),
);

export const tune = command(
  {
    name: "npx lathe selfbench tune",
    summary:
      "Runs races of `lathe tune` in simulated worlds whose best settings are known, and compares them with Optuna's TPE, hill climbing and the grid.",
    options: TUNE,
    details: [
      "A world replays measured sweeps of 49 settings on a machine of 16 cores, or the grid of a real machine, or simulates a machine of 8 or 32 " +
        "cores, equal arms, one arm that is 5 % better, or one that is good only at times. A visit takes one second (of a real machine's grid: " +
        "the mean visit).",
    ],
    more: [
      "The first run installs Optuna from PyPI into an environment of its own; with --compared-seeds 0 it does not.",
    ],
    examples: [
      ["npx lathe selfbench tune", "all tables"],
      ["npx lathe selfbench tune --seeds 1000 --compared-seeds 0 --only sweep", "some worlds, more closely"],
      ["npx lathe selfbench tune --keep-grid tunes/ID", "keep a grid that `lathe tune --grid` has measured as a world"],
    ],
    exits,
  },
  async (values) => (await import("./tune/command.ts")).benchTune(values),
);
