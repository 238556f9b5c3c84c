import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../lib/cli.ts";
import { UserError } from "../../lib/errors.ts";
import { progress } from "../../lib/progress.ts";
import { pythonEnv } from "../../models/python.ts";
import { contenders, LEAST_WARM } from "./contenders.ts";
import { makePayload, writePayload } from "./payload.ts";
import { takePriority } from "./priority.ts";
import { race, reportOf, type RacePlan, type Report } from "./race.ts";
import { reportText } from "./text.ts";
import { ghz, speedServer, wrk } from "./tools.ts";
import { LineProgram } from "./line-program.ts";

await runCommand(
  {
    name: "npm run bench:clients --",
    summary: "Measure our gRPC and REST clients against the ones people know, and show whether their goals are met.",
    options: {
      rounds: { type: "string", value: "N", help: "rounds; each client is started anew in every round", default: "5" },
      turns: { type: "string", value: "N", help: "turns of each client in a round", default: "7" },
      calls: { type: "string", value: "N", help: "measured calls of a client in a turn", default: "400" },
      warm: {
        type: "string",
        value: "N",
        help: `calls of each client in a round before it is measured, ${LEAST_WARM} or more (ghz: ${LEAST_WARM} in each turn; wrk: 1 s)`,
        default: "1000",
      },
      "warm-seconds": {
        type: "string",
        value: "S",
        help: "and for at least this long, where a runtime compiles or interprets it (ours, Python)",
        default: "3",
      },
      protocol: { type: "string", value: "NAME", help: "grpc or rest only" },
      json: { type: "boolean", help: "print the report as JSON on stdout" },
      check: { type: "boolean", help: "exit with code 1 where a goal is missed" },
    },
    details: [
      "One server with fixed answers (selfbench/clients/server), one connection, one call at a time: a 921,676-byte gRPC request " +
        "or the same pixels as nested JSON lists, and an answer of 12 kB. In each round every client is started in a new process " +
        "with a new connection and warmed up; then all take turns, in an order that changes (ghz and wrk, which run once and " +
        "print, are a new process in each turn). A ratio is made of two clients' figures of the same turn, and its median over all turns counts.",
      "A client that is compiled as it runs is warm after a time, not after a number of calls: until then a call in a hundred " +
        "waits for its compiler.",
      "As root, server and clients run before whatever else the machine does (nice -20), all alike.",
      "ghz and the server are built from Go modules, wrk is Debian's package, the official Python client comes from PyPI: " +
        "each once, at the first run.",
    ],
    examples: [
      ["npm run bench:clients", "the table, about nine minutes"],
      ["npm run bench:clients -- --protocol rest --json > rest.json", "REST only, for a program"],
    ],
  },
  async (values) => {
    const plan = {
      rounds: count("--rounds", values.rounds, 1),
      turns: count("--turns", values.turns, 1),
      calls: count("--calls", values.calls, 10),
      warm: count("--warm", values.warm, LEAST_WARM),
      warmSeconds: count("--warm-seconds", values["warm-seconds"], 0),
    };
    const report = await measure(plan, protocolOf(values.protocol));
    process.stderr.write(`${reportText(report)}\n`);
    if (values.json === true) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return values.check === true && report.verdicts.some((v) => !v.met) ? 1 : 0;
  },
);

async function measure(plan: RacePlan, protocol: "grpc" | "rest" | undefined): Promise<Report> {
  const tell = progress();
  const programs = {
    python: (await pythonEnv(tell)).python,
    ghz: await ghz(tell),
    wrk: await wrk(tell),
    server: await speedServer(tell),
  };
  const nice = takePriority();
  const folder = await mkdtemp(join(tmpdir(), "lathe-speed-"));
  const payload = makePayload(30_000);
  const files = await writePayload(payload, folder);
  const server = new LineProgram("the fixed-answer server", programs.server, [
    ...["-grpc-answer", files.grpcAnswer, "-grpc-request-bytes", String(payload.grpcRequest.length - 64)],
    ...["-rest-answer", files.restAnswer, "-rest-request-bytes", String(payload.restRequest.length)],
  ]);
  const all = contenders().filter((c) => protocol === undefined || c.protocol === protocol);
  try {
    const ports = (await server.next()) as { grpcPort: number; restPort: number };
    const at = { ...programs, ...ports, files, restAnswerBytes: payload.restAnswer.length };
    return reportOf(payload, plan, nice, all, await race(all, at, plan, tell));
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function count(option: string, value: string | undefined, least: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= least) return number;
  throw new UserError({ what: `${option}: "${value ?? ""}"`, expected: `a whole number, ${least} or more` });
}

function protocolOf(value: string | undefined): "grpc" | "rest" | undefined {
  if (value === undefined || value === "grpc" || value === "rest") return value;
  throw new UserError({ what: `--protocol: "${value}"`, expected: "grpc or rest" });
}
