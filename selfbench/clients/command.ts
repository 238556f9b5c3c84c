import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { printResult } from "../../lib/cli/result.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { progress } from "../../lib/progress.ts";
import { pythonEnv } from "../../models/python.ts";
import type { CLIENTS, clientsPlan } from "../options.ts";
import { contenders } from "./contenders.ts";
import { makePayload, writePayload } from "./payload.ts";
import { takePriority } from "./priority.ts";
import { race, reportOf, type RacePlan, type Report } from "./race.ts";
import { reportText } from "./text.ts";
import { ghz, speedServer, wrk } from "./tools.ts";
import { LineProgram } from "./line-program.ts";

/** `lathe selfbench clients`. */
export async function benchClients(
  { plan, protocol }: ReturnType<typeof clientsPlan>,
  values: Values<typeof CLIENTS>,
): Promise<number> {
  const report = await measure(plan, protocol);
  printResult(
    values.json,
    () => reportText(report),
    () => ({ schema: "lathe.selfbench-clients/1", ...report }),
    { alsoTable: true },
  );
  return values.check === true && report.verdicts.some((v) => !v.met) ? 1 : 0;
}

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
