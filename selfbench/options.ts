import { type Options, type Values, jsonOption } from "../lib/cli/spec.ts";
import { readValues } from "../lib/cli/values.ts";

/** Each turn of each client begins with so many calls that do not count (wrk's with a second). */
export const LEAST_WARM = 200;

const check = { type: "boolean", help: "exit with code 1 where a goal is missed" } as const;

export const CLIENTS = {
  rounds: { type: "string", value: "N", help: "rounds; each client is started anew in every round", default: "5" },
  turns: { type: "string", value: "N", help: "turns of each client in a round", default: "7" },
  calls: { type: "string", value: "N", help: "measured calls of a client in a turn", default: "400" },
  warmup: {
    ...{ type: "string", value: "N", default: "1000" },
    help: `calls of each client in a round before it is measured, ${LEAST_WARM} or more (ghz: ${LEAST_WARM} in each turn; wrk: 1 s)`,
  },
  "warmup-seconds": {
    ...{ type: "string", value: "S", default: "3" },
    help: "and for at least this long, where a runtime compiles or interprets it (ours, Python)",
  },
  protocol: { type: "string", value: "NAME", help: "grpc or rest only", completes: ["grpc", "rest"] },
  check,
  json: jsonOption("lathe.selfbench-clients/1", { alsoTable: true }),
} as const satisfies Options;

export const FLEET = {
  hosts: { type: "string", value: "1,4,16", help: "numbers of hosts to measure", default: "1,4,16" },
  rounds: { type: "string", value: "N", help: "rounds; each contender runs once in every round", default: "3" },
  name: { type: "string", value: "LAB", help: "name of the lab that is made for it", default: "lathe-fleet" },
  keep: { type: "boolean", help: "leave the lab up, so that the next run begins at once" },
  check,
  json: jsonOption("lathe.selfbench-fleet/1", { alsoTable: true }),
} as const satisfies Options;

export const RECORDS = {
  records: { type: "string", value: "N", help: "records of the larger run", default: "1000000" },
  check,
  json: jsonOption("lathe.selfbench-records/1", { alsoTable: true }),
} as const satisfies Options;

/** How long the clients race, checked. @throws WrongUse with all faults at once */
export function clientsPlan(values: Values<typeof CLIENTS>) {
  const read = readValues("npx lathe selfbench clients");
  const plan = {
    rounds: read.whole("rounds", values.rounds, 1),
    turns: read.whole("turns", values.turns, 1),
    calls: read.whole("calls", values.calls, 10),
    warm: read.whole("warmup", values.warmup, LEAST_WARM),
    warmSeconds: read.whole("warmup-seconds", values["warmup-seconds"], 0),
  };
  const [protocol] = read.listOf("protocol", values.protocol, ["grpc", "rest"]) ?? [];
  read.end();
  return { plan, protocol };
}

/** Numbers of hosts and rounds, checked. @throws WrongUse with all faults at once */
export function fleetPlan(values: Values<typeof FLEET>) {
  const read = readValues("npx lathe selfbench fleet");
  const counts = (read.list("hosts", values.hosts) ?? []).map((text) => read.whole("hosts", text, 1));
  const rounds = read.whole("rounds", values.rounds, 1);
  read.end();
  return { counts, rounds, name: values.name ?? FLEET.name.default };
}

/** Records of the larger run, checked. @throws WrongUse */
export function recordsSize(values: Values<typeof RECORDS>): number {
  const read = readValues("npx lathe selfbench records");
  const records = read.whole("records", values.records, 1);
  read.end();
  return records;
}
