import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needPrograms } from "../../lab/debian/needs.ts";
import { printResult } from "../../lib/cli/result.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { progress } from "../../lib/progress.ts";
import { pythonEnv } from "../../models/python.ts";
import { CLIENTS } from "../options.ts";
import { takePriority } from "../priority.ts";
import { contenders, type Surroundings } from "./contenders.ts";
import { writeKserve } from "./kserve.ts";
import { makePayload, writePayload } from "./payload.ts";
import { race, reportOf, type RacePlan, type Report } from "./race.ts";
import { reportText } from "./tables.ts";
import { ghz, speedServer } from "./tools.ts";
import { tritonClient } from "./tritonclient.ts";
import { LineProgram } from "./line-program.ts";

/** What the server of fixed answers prints when it listens. */
type Ports = Pick<Surroundings, "grpcPort" | "restPort">;

/** `lathe selfbench clients`. */
export async function benchClients(values: Values<typeof CLIENTS>): Promise<number> {
  const { rounds, turns, calls, warmup: warm, "warmup-seconds": warmSeconds } = values;
  const report = await measure({ rounds, turns, calls, warm, warmSeconds }, values.protocol?.[0]);
  printResult(CLIENTS.json, values.json, reportText(report), report);
  return values.check === true && report.verdicts.some((v) => !v.met) ? 1 : 0;
}

async function measure(plan: RacePlan, protocol: "grpc" | "rest" | undefined): Promise<Report> {
  const tell = progress();
  await needPrograms(["wrk"], tell);
  const programs = { python: (await pythonEnv(tell)).python, ghz: await ghz(tell), server: await speedServer(tell) };
  const nvidia = await tritonClient(tell);
  const nice = takePriority();
  const folder = await mkdtemp(join(tmpdir(), "lathe-speed-"));
  const payload = makePayload(30_000);
  const files = await writePayload(payload, folder);
  const server = new LineProgram("the fixed-answer server", programs.server, [
    ...["-grpc-answer", files.grpcAnswer, "-grpc-request-bytes", String(payload.grpcRequest.length - 64)],
    ...["-rest-answer", files.restAnswer, "-rest-request-bytes", String(payload.restRequest.length)],
  ]);
  const kserveFiles = await writeKserve(payload.request, folder);
  const kserve = new LineProgram("the fixed-answer server of KServe's protocol", programs.server, kserveFiles.args);
  const all = contenders().filter((c) => protocol === undefined || c.protocol === protocol);
  try {
    const ports = (await server.next()) as Ports;
    const others = { kserve: { ...kserveFiles, ...((await kserve.next()) as Ports) }, tritonClient: nvidia };
    const at = { ...programs, ...ports, ...others, files, restAnswerBytes: payload.restAnswer.length };
    return reportOf(payload, plan, nice, all, await race(all, at, plan, tell));
  } finally {
    await Promise.all([server.stop(), kserve.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
}
