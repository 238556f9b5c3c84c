import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { printResult } from "../../lib/cli/result.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { progress } from "../../lib/progress.ts";
import { LineProgram } from "../clients/line-program.ts";
import { SMALL, makePayload, writePayload } from "../clients/payload.ts";
import { speedServer } from "../clients/tools.ts";
import { LOAD } from "../options.ts";
import { takePriority } from "../priority.ts";
import { GOAL_RATE } from "./floor.ts";
import type { Bed, Generator } from "./generator.ts";
import { exitCode, judge } from "./goals.ts";
import { OWN } from "./own.ts";
import { CORRECTED, PEERS, vegetaTargets } from "./peers.ts";
import { type RacePlan, race, stalls } from "./race.ts";
import { type Report, reportText } from "./text.ts";
import { peerPrograms } from "./tools.ts";

/** `lathe selfbench load`. */
export async function benchLoad(values: Values<typeof LOAD>): Promise<number> {
  const report = await measure(values, values.own === true ? OWN : [...OWN, ...PEERS]);
  const turns = Object.fromEntries([...report.turns].map(([rate, all]) => [rate, Object.fromEntries(all)]));
  printResult(LOAD.json, values.json, reportText(report), { ...report, turns });
  return values.check === true ? exitCode(report.verdicts) : 0;
}

async function measure(plan: RacePlan, generators: readonly Generator[]): Promise<Report> {
  const tell = progress();
  const alone = generators.every((g) => g.ours);
  const peers = alone ? { ghz: "", oha: "", vegeta: "" } : await peerPrograms(tell);
  const program = await speedServer(tell);
  const nice = takePriority();
  const pinned = availableParallelism() > 1;
  const onProcessor = (n: number) => (pinned ? ["taskset", "-c", String(n)] : []);
  const folder = await mkdtemp(join(tmpdir(), "lathe-load-"));
  const payload = makePayload(30_000, SMALL);
  const files = await writePayload(payload, folder);
  const [first = "", ...args] = [
    ...onProcessor(1),
    ...[program, "-arrivals", "-grpc-answer", files.grpcAnswer, "-rest-answer", files.restAnswer],
  ];
  const server = new LineProgram("the fixed-answer server", first, args);
  try {
    const ports = (await server.next()) as Pick<Bed, "grpcPort" | "restPort">;
    const programs = { ...peers, server: program };
    const bed: Bed = { ...ports, payload, files, programs, pinned: onProcessor(0) };
    await writeFile(join(folder, "vegeta.txt"), vegetaTargets(bed));
    const { turns, floors } = await race(generators, plan, bed, server, tell);
    const atGoal = turns.get(GOAL_RATE);
    const verdicts = atGoal === undefined ? [] : judge(generators, atGoal, floors);
    const stalled = await stalls(
      alone ? generators : [...generators, ...CORRECTED],
      plan.connections,
      bed,
      server,
      tell,
    );
    return { plan, nice, pinned, turns, floors, verdicts, stalls: stalled };
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
