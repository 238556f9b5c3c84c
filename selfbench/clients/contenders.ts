import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { repoRoot } from "../../lib/paths.ts";
import { run } from "../../lib/run.ts";
import { LEAST_WARM } from "../options.ts";
import type { KserveFiles } from "./kserve.ts";
import { MODEL, type PayloadFiles } from "./payload.ts";
import { turnOf, type Phases, type Turn } from "./stats.ts";
import { LineProgram } from "./line-program.ts";
import { perfAnalyzerTurn, type TritonClient } from "./tritonclient.ts";

/** Ports, files and programs that the contenders use. */
export interface Surroundings {
  readonly grpcPort: number;
  readonly restPort: number;
  readonly files: PayloadFiles;
  readonly restAnswerBytes: number;
  readonly python: string;
  readonly ghz: string;
  /** The program of the server of fixed answers, which can also be the bare client. */
  readonly server: string;
  /** The one that speaks KServe's protocol. */
  readonly kserve: KserveFiles & { readonly grpcPort: number; readonly restPort: number };
  readonly tritonClient: TritonClient;
}

/** A turn, with the client's own phases if it has any. */
export interface TurnWithPhases extends Turn {
  readonly phases: Phases | null;
}

/**
 * How many calls a turn has: warm-up calls, then measured ones. A client that is compiled while it runs is warm after some time,
 * not after some calls: V8 compiled parts of a client again until about 6000 calls of 0.2 ms were made, and each time one or
 * two calls took four times as long.
 */
export interface TurnPlan {
  /** The least number of calls to warm up with. */
  readonly warm: number;
  /** The least time of warm-up in seconds, for clients that are compiled or interpreted while they run. */
  readonly warmSeconds: number;
  readonly calls: number;
}

/** One client in the race. */
export interface Contender {
  readonly name: string;
  readonly protocol: "grpc" | "rest";
  readonly ours: boolean;
  /** What a call's time includes besides the exchange, for the table. */
  readonly inside: string;
  /** Starts it for a round: a new process with a new connection, warmed up. */
  start(at: Surroundings, plan: TurnPlan): Promise<Runner>;
}

/** A contender that is warm and waits for its turns. */
export interface Runner {
  /** One turn, measured. */
  turn(): Promise<TurnWithPhases>;
  stop(): Promise<void>;
}

/** So long is a turn of wrk, and of the client that is compared with it: they see as much of a machine whose speed changes. */
const WRK_SECONDS = 1;

const WHOLE = "encode and decode";
const READY = "nothing: ready-made bytes";

/** Every client in the race, yardsticks last. */
export function contenders(): Contender[] {
  return [
    own("probe", "grpc", WHOLE),
    own("probe-bytes", "grpc", READY),
    own("grpc-js", "grpc", WHOLE),
    byLines("grpcio-bytes", "grpc", false, READY, (at) => python(at, "bytes")),
    byLines("python-official", "grpc", false, `${WHOLE} (make_tensor_proto)`, (at) => python(at, "official")),
    { name: "ghz", protocol: "grpc", ours: false, inside: `${WHOLE} (dynamic messages)`, start: eachTurnAnew(ghzTurn) },
    own("rest", "rest", WHOLE),
    own("rest-body", "rest", READY, undefined, WRK_SECONDS),
    { name: "wrk", protocol: "rest", ours: false, inside: READY, start: eachTurnAnew(wrkTurn) },
    ...kserve("grpc", "grpc"),
    ...kserve("rest", "http"),
  ];
}

/** Of KServe's protocol: our client, the bare one (server/bare.go), NVIDIA's load generator, and its client. */
function kserve(protocol: "grpc" | "rest", form: "grpc" | "http"): Contender[] {
  const port = (at: Surroundings) => (protocol === "grpc" ? at.kserve.grpcPort : at.kserve.restPort);
  const program = fileURLToPath(new URL("./kserve.py", import.meta.url));
  return [
    own(`kserve-${form}`, protocol, WHOLE, port),
    byLines(`bare-${form}`, protocol, false, `${READY}, one write`, (at) => {
      const asked = ["-bare", protocol, "-port", String(port(at)), "-request", at.kserve.requests[protocol]];
      return new LineProgram(`the bare client (${form})`, at.server, [...at.kserve.args, ...asked]);
    }),
    {
      ...{ name: `perf_analyzer-${form}`, protocol, ours: false, inside: "its own work; the inputs made beforehand" },
      start: eachTurnAnew((at, { calls }) => perfAnalyzerTurn(at.tritonClient, form, port(at), calls)),
    },
    byLines(`tritonclient-${form}`, protocol, false, `${WHOLE} (InferInput)`, (at) => {
      const args = [program, form, String(port(at)), at.files.folder];
      return new LineProgram(`tritonclient (${form})`, at.tritonClient.python, args);
    }),
  ];
}

function own(
  name: string,
  protocol: "grpc" | "rest",
  inside: string,
  portOf?: (at: Surroundings) => number,
  seconds?: number,
): Contender {
  const program = fileURLToPath(new URL("./own.ts", import.meta.url));
  const make = (at: Surroundings) => {
    const port = portOf?.(at) ?? (protocol === "grpc" ? at.grpcPort : at.restPort);
    return new LineProgram(name, process.execPath, [program, name, String(port)]);
  };
  return byLines(name, protocol, true, inside, make, seconds);
}

function python(at: Surroundings, mode: string): LineProgram {
  const program = fileURLToPath(new URL("./official.py", import.meta.url));
  return new LineProgram(`Python (${mode})`, at.python, [program, mode, String(at.grpcPort), at.files.folder]);
}

function byLines(
  name: string,
  protocol: "grpc" | "rest",
  ours: boolean,
  inside: string,
  make: (at: Surroundings) => LineProgram,
  seconds = 0,
): Contender {
  const start = async (at: Surroundings, plan: TurnPlan): Promise<Runner> => {
    const running = make(at);
    const turn = async (): Promise<TurnWithPhases> => {
      // It waited while others ran, so its caches are cold: its first calls took 5 % longer.
      await running.ask({ calls: LEAST_WARM, seconds: 0 });
      const answer = (await running.ask({ calls: plan.calls, seconds })) as {
        latenciesMs: number[];
        phases?: Phases | null;
      };
      return { ...turnOf(answer.latenciesMs), phases: answer.phases ?? null };
    };
    try {
      await running.next();
      await running.ask({ calls: plan.warm, seconds: plan.warmSeconds });
    } catch (error) {
      await running.stop();
      throw error;
    }
    return { turn, stop: () => running.stop() };
  };
  return { name, protocol, ours, inside, start };
}

/** For programs that run once and print: each turn is a new process, which warms up by itself. */
function eachTurnAnew(measured: (at: Surroundings, plan: TurnPlan) => Promise<Turn>): Contender["start"] {
  const stop = () => Promise.resolve();
  return (at, plan) => Promise.resolve({ turn: async () => ({ ...(await measured(at, plan)), phases: null }), stop });
}

async function ghzTurn(at: Surroundings, { calls }: TurnPlan): Promise<Turn> {
  const report = join(at.files.folder, "ghz.json");
  const total = calls + LEAST_WARM;
  const args = [
    ["--insecure", "--import-paths", join(repoRoot, "protos")],
    ["--proto", join(repoRoot, "protos", "tensorflow_serving", "apis", "prediction_service.proto")],
    ["--call", "tensorflow.serving.PredictionService.Predict", "--binary-file", at.files.grpcRequest],
    ["--concurrency", "1", "--total", String(total), "--skipFirst", String(LEAST_WARM), "--timeout", "30s"],
    ["--format", "json", "--output", report, `127.0.0.1:${at.grpcPort}`],
  ].flat();
  await run([at.ghz, ...args], { what: "ghz" });
  const { details } = JSON.parse(await readFile(report, "utf8")) as {
    details: { latency: number; status: string }[];
  };
  const bad = details.find((d) => d.status !== "OK");
  if (bad !== undefined || details.length !== calls)
    throw new UserError({ what: `ghz: ${details.length} of ${calls} calls, one with status ${bad?.status ?? "OK"}` });
  return turnOf(details.map((d) => d.latency / 1e6));
}

/** wrk runs for seconds, not calls: so long to warm up, and as long again measured, each with a new connection. */
async function wrkTurn(at: Surroundings): Promise<Turn> {
  await wrkSecond(at);
  return wrkSecond(at);
}

async function wrkSecond(at: Surroundings): Promise<Turn> {
  const script = fileURLToPath(new URL("./wrk.lua", import.meta.url));
  const env = { ...process.env, LATHE_BODY: at.files.restRequest };
  const url = `http://127.0.0.1:${at.restPort}/v1/models/${MODEL}:predict`;
  const args = ["-t1", "-c1", `-d${WRK_SECONDS}s`, "--timeout", "30s", "-s", script, url];
  const said = await run(["wrk", ...args], { env, what: "wrk" });
  const line = /LATHE (.*)/.exec(said)?.[1];
  if (line === undefined) throw new UserError({ what: `wrk printed no figures: ${said.trim()}` });
  const { bytes, errors, ...turn } = JSON.parse(line) as Turn & { bytes: number; errors: number };
  // wrk prints the sum of all answers' bytes, heads included. The last answer may be incomplete.
  const eachBytes = bytes / turn.calls;
  if (errors > 0 || eachBytes < at.restAnswerBytes || eachBytes > at.restAnswerBytes + 1000)
    throw new UserError({ what: `wrk: ${errors} errors, ${eachBytes.toFixed(0)} bytes an answer` });
  return turn;
}
