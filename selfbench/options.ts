import { type Options, jsonOption } from "../lib/cli/spec.ts";
import { list, listOf, path, whole } from "../lib/cli/values.ts";

/** Calls at the beginning of each turn that do not count (for wrk: one second). */
export const LEAST_WARM = 200;

const check = { help: "exit with code 1 if a goal is missed" } as const;

export const CLIENTS = {
  rounds: { value: "N", read: whole(1), help: "rounds; each client is started anew in every round", default: "5" },
  turns: { value: "N", read: whole(1), help: "turns of each client in a round", default: "7" },
  calls: { value: "N", read: whole(10), help: "measured calls of a client in a turn", default: "400" },
  warmup: {
    ...{ value: "N", read: whole(LEAST_WARM), default: "1000" },
    help: `calls of each client in a round before it is measured, ${LEAST_WARM} or more (ghz: ${LEAST_WARM} in each turn; wrk: 1 s)`,
  },
  "warmup-seconds": {
    ...{ value: "S", read: whole(0), default: "3" },
    help: "least time of that warm-up, for clients that are compiled or interpreted while they run (ours, Python)",
  },
  protocol: { value: "NAME", read: listOf(["grpc", "rest"]), help: "grpc or rest only", completes: ["grpc", "rest"] },
  check,
  json: jsonOption("lathe.selfbench-clients/1", { alsoTable: true }),
} as const satisfies Options;

export const DISTANCE = {
  calls: { value: "N", read: whole(1), help: "measured calls of each cell; their median counts", default: "3" },
  rtts: {
    value: "0,20",
    read: (text, wrong) => list(text, wrong).map((rtt) => whole(0)(rtt, wrong)),
    help: "only links of these round trips, ms (default: all)",
  },
  cases: { value: "N", read: whole(1), help: "simulated calls bound by each limit", default: "200" },
  seed: { value: "N", read: whole(0), help: "seed of the simulated calls", default: "1" },
  name: { value: "LAB", help: "name of the lab that it makes", default: "lathe-distance" },
  check,
  json: jsonOption("lathe.selfbench-distance/1", { alsoTable: true }),
} as const satisfies Options;

export const FLEET = {
  hosts: {
    value: "1,4,16",
    read: (text, wrong) => list(text, wrong).map((count) => whole(1)(count, wrong)),
    help: "numbers of hosts to measure",
    default: "1,4,16",
  },
  rounds: { value: "N", read: whole(1), help: "rounds; each contender runs once in every round", default: "3" },
  name: { value: "LAB", help: "name of the lab that is made for it", default: "lathe-fleet" },
  keep: { help: "leave the lab up, so that the next run begins at once" },
  check,
  json: jsonOption("lathe.selfbench-fleet/1", { alsoTable: true }),
} as const satisfies Options;

export const LOAD = {
  rates: {
    value: "100,1000,5000",
    read: (text, wrong) => list(text, wrong).map((rate) => whole(1)(rate, wrong)),
    help: "rates, calls a second",
    default: "100,1000,5000",
  },
  rounds: {
    value: "N",
    read: whole(1),
    help: "rounds; each generator runs once at each rate in every round",
    default: "3",
  },
  seconds: { value: "N", read: whole(1), help: "measured time of a generator at a rate in a round", default: "6" },
  connections: { value: "N", read: whole(1), help: "connections of each generator", default: "8" },
  own: { help: "Lathe's own generator only" },
  check,
  json: jsonOption("lathe.selfbench-load/1", { alsoTable: true }),
} as const satisfies Options;

export const LINKS = {
  seconds: { value: "N", read: whole(1), help: "time of the round trips at each bandwidth", default: "3" },
  seed: { value: "N", read: whole(0), help: "seed of the losses", default: "1" },
  name: { value: "LAB", help: "name of the lab that it makes", default: "lathe-links" },
  check,
  json: jsonOption("lathe.selfbench-links/1", { alsoTable: true }),
} as const satisfies Options;

export const RECORDS = {
  records: { value: "N", read: whole(1), help: "records of the larger run", default: "1000000" },
  check,
  json: jsonOption("lathe.selfbench-records/1", { alsoTable: true }),
} as const satisfies Options;

/** What `lathe selfbench truth` can try. */
const TRUTH_PARTS = ["runs", "queues", "wire", "capacity", "knee"] as const;
export const TUNE = {
  seeds: { value: "N", read: whole(10), help: "races in each kind of world", default: "100" },
  "compared-seeds": {
    value: "N",
    read: whole(0),
    help: "searches by each other method; 0: none",
    default: "40",
  },
  minutes: {
    value: "N",
    read: whole(1),
    help: "for all races; kinds of worlds share it, and the tables say how many races there were",
  },
  only: { value: "WORDS", read: (text) => text, help: "only worlds whose name contains these words" },
  "keep-grid": {
    ...{ value: "DIR", read: path, completes: "files" },
    help: "no races: keep the grid in a tuning's folder (`lathe tune --grid`) as a world",
  },
  check,
  json: jsonOption("lathe.selfbench-tune/1"),
} as const satisfies Options;

export const TRUTH = {
  part: {
    ...{ value: "NAME", read: listOf(TRUTH_PARTS), default: "runs", completes: TRUTH_PARTS },
    help: "runs; queues (percentiles under load); capacity (searches); wire, knee (these two by real calls)",
  },
  trials: {
    value: "N",
    read: whole(10),
    help: "simulated runs of each line (fewer of slow lines)",
    default: "80",
  },
  minutes: {
    value: "N",
    read: whole(1),
    help: "time of all lines of real calls together: as many runs as fit, one at least",
    default: "15",
  },
  seed: { value: "N", read: whole(0), help: "seed of the simulations", default: "1" },
  only: { value: "WORDS", read: (text) => text, help: "only lines whose name contains these words" },
  json: jsonOption("lathe.selfbench-truth/1"),
} as const satisfies Options;
