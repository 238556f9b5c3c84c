import { spawn } from "node:child_process";
import { join } from "node:path";
import { eachLine } from "../../bench/run/agent/lines.ts";
import type { CallMessage, FromWorker, ImageMessage, VisitMessage } from "../../bench/run/agent/protocol.ts";
import { UserError } from "../../lib/errors.ts";
import { repoRoot } from "../../lib/paths.ts";
import type { Tensor } from "../../clients/client.ts";
import { MODEL } from "../clients/payload.ts";
import type { Bed, Generator, Job, Running, Said } from "./generator.ts";
import { spreadOf } from "./lag.ts";

/*
 * Lathe's own generator: the agent that runs on client machines, started and addressed in the same way. It gets one visit with a load at a
 * constant rate. The records of its calls say how late each began.
 */

const VISIT = 1;

/** Our generator, with a client kind. */
function own(name: string, protocol: "grpc" | "rest", client: string): Generator {
  const start = (job: Job, bed: Bed): Running => {
    const port = protocol === "grpc" ? bed.grpcPort : bed.restPort;
    const agent = join(repoRoot, "bench", "run", "agent", "main.ts");
    const [program = "", ...args] = [...bed.pinned, process.execPath, agent];
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    const calls: CallMessage[] = [];
    const said = new Promise<Said>((resolve, reject) => {
      const fail = (what: string) => reject(new UserError({ what: `${name}: ${what}` }));
      child.once("error", reject);
      child.once("close", (code) => fail(`the agent ended with exit code ${code ?? "?"}`));
      const take = (line: string) => {
        const message = JSON.parse(line) as FromWorker;
        if (message.type === "call") calls.push(message);
        if (message.type !== "visited") return;
        child.stdin.end();
        if (message.error !== undefined) fail(message.error.message);
        else resolve(saidOf(calls));
      };
      eachLine(child.stdout, take, () => fail("a line without end"));
    });
    child.stdin.on("error", () => undefined);
    for (const message of [imageOf(bed), visitOf(job, client, port)]) child.stdin.write(`${JSON.stringify(message)}\n`);
    return { child, said };
  };
  return { name, protocol, ours: true, start };
}

/** Sums up the records of a visit's measured calls. Latencies count from when calls were due. */
export function saidOf(all: readonly Pick<CallMessage, "phase" | "ok" | "totalMs" | "lateMs">[]): Said {
  const calls = all.filter((call) => call.phase === "measure");
  return {
    calls: calls.length,
    failed: all.filter((call) => !call.ok).length,
    ...spreadOf(calls.map((call) => call.totalMs)),
    logged: spreadOf(calls.map((call) => call.lateMs ?? NaN)),
  };
}

function imageOf({ payload }: Bed): ImageMessage {
  const { shape, data } = payload.request.inputs["inputs"] as Tensor;
  const [, height = 0, width = 0] = shape;
  const rgb = Buffer.from(data as Uint8Array).toString("base64");
  return { type: "image", name: "image", width, height, rgb, file: "" };
}

function visitOf(
  { ratePerSecond, seconds, leadSeconds, connections }: Job,
  client: string,
  port: number,
): VisitMessage {
  return {
    ...{ type: "visit", visit: VISIT, client, address: "127.0.0.1", port, model: MODEL, image: "image" },
    load: { mode: "constant-rate", ratePerSecond, concurrency: connections },
    ...{ warmup: 0, warmupAtMost: 0, leadIn: ratePerSecond * leadSeconds, keepAnswer: false },
    calls: ratePerSecond * (seconds - leadSeconds),
    ...{ blockMs: 2000 * seconds, timeoutMs: 30_000 },
  };
}

/** Lathe's generator over both protocols. */
export const OWN: readonly Generator[] = [own("lathe, gRPC", "grpc", "probe"), own("lathe, REST", "rest", "rest")];
