import { rm } from "node:fs/promises";
import { join } from "node:path";
import { dockerHubReachable, kindImage, labDown, mirrorImage, pushImage } from "../lab/index.ts";
import { defaultLabName, labPaths } from "../lab/names.ts";
import { STANDS_FOR } from "../lab/state.ts";
import { noteKept } from "../infra/pulumi/kept.ts";
import { defaultServerKind } from "../infra/servers/registry.ts";
import { DEFAULT_LIMITS } from "../bench/matrix/limits.ts";
import type { Values } from "../lib/cli/spec.ts";
import { UserError, WrongUse } from "../lib/errors.ts";
import { say } from "../lib/output.ts";
import { latheProgram, repoRoot } from "../lib/paths.ts";
import { formatSeconds, progress } from "../lib/progress.ts";
import { runInherited } from "../lib/run.ts";
import { prepareModel } from "../models/index.ts";
import { ensureToolchain } from "../toolchain/index.ts";
import { demoLab, handedOn } from "./begin.ts";
import { BUDGET_MINUTES, type OPTIONS } from "./options.ts";
import { stages } from "./stages.ts";
import { markUnfinished, unfinishedMark } from "./unfinished.ts";
import { byHand, demoStacks, deployedBefore, destroyAll, staysUp, upAll } from "./stacks.ts";

/** The paper's two models, and the null model. */
const MODELS = ["rfcn-resnet101", "ssd-mobilenet", "null"];
/** The slow model takes so long by itself that a distance hardly shows. What windows of clients cost, a large answer shows. */
const DISTANCE_MODELS = ["ssd-mobilenet", "null", "null-large"];

const STAGES = {
  tools: "Tools: Pulumi, the models, the server's image",
  lab: "Lab: three hosts on this machine",
  up: "Deploy: a stack on each host",
  bench: "Measure and report",
  down: "Take it all down again",
} as const;

/** What to type next if the lab is gone: the commands that a run suggests need its servers. */
const AFTERWARDS = "npx lathe demo --keep (to go on by hand); your own machines: docs/guide.md";

/** The matrix that a demo measures. @throws WrongUse if it is asked for two */
export function matrixOf({ distance, servers }: Partial<Pick<Values<typeof OPTIONS>, "distance" | "servers">>): string {
  if (distance !== true) return "demo/experiments.yaml";
  if (servers === undefined) return "demo/distance.yaml";
  throw new WrongUse({
    what: "--distance and --servers ask for two matrices",
    expected: "one of them: a demo measures one matrix",
  });
}

/** `lathe demo`. */
export async function runDemo(values: Values<typeof OPTIONS>): Promise<void> {
  const matrix = matrixOf(values);
  const startedAt = Date.now();
  const { budget = BUDGET_MINUTES.paper, requests, repeat } = values;
  const name = values.name ?? defaultLabName();
  const { dir } = labPaths(name);
  const steps = progress();
  const own = Object.values(STAGES).filter((title) => values.keep !== true || title !== STAGES.down);
  const begin = stages(own, say);
  begin(STAGES.tools);
  const toolchain = await ensureToolchain(steps);
  steps.done();
  say(`Pulumi ${toolchain.programs.map((p) => `${p.name} ${p.version} (${p.from})`).join(", ")}`);
  const models = values.distance === true ? DISTANCE_MODELS : MODELS;
  for (const model of models) await prepareModel(model, steps);
  const kind = defaultServerKind;
  const hub = await dockerHubReachable();
  // Built before the lab is up: it may take minutes, and a lab that only waits uses memory.
  const labImage = hub ? undefined : await kindImage(kind.name, steps);
  steps.done();
  begin(STAGES.lab);
  const { lab, wasUp, earlier } = await demoLab(name, dir, steps);
  const image =
    labImage === undefined
      ? await mirrorImage(lab, kind.defaultImage, steps)
      : (await pushImage(lab, labImage, steps)).reference;
  const stacks = await demoStacks(lab, dir);
  steps.done();
  begin(STAGES.up);
  steps.step("pulumi up on client, cloud and edge", 120);
  const before = await staysUp(wasUp, earlier, () => deployedBefore(stacks));
  await markUnfinished(dir, { ownLab: !wasUp, before });
  await upAll(stacks, lab, image, models, steps, before);
  steps.done("three stacks are up: every model answers");
  begin(STAGES.bench);
  // The bench as a user would run it, in a process of its own; its summary goes to this one's outputs.
  const code = await runInherited(
    [
      ...[process.execPath, latheProgram, "bench", "--matrix", join(repoRoot, matrix)],
      ...["--budget", String(budget), "--requests", String(requests), "--repeat", String(repeat), "--warmup", "1"],
      // With so few calls no cell can become precise, so no precision is asked for.
      ...(requests < DEFAULT_LIMITS.minRequests ? ["--precision", "none"] : []),
      ...["--block", "5", "--remark", STANDS_FOR],
      ...handedOn(values),
      ...(values.keep === true ? [] : ["--next", AFTERWARDS]),
    ],
    { cwd: repoRoot, env: { ...process.env, ...stacks.env } },
  );
  await rm(unfinishedMark(dir), { force: true });
  say("");
  if (values.keep === true) {
    await noteKept(stacks);
    say(`The lab "${name}" stays up. To go on by hand:\n\n${byHand(stacks, name)}`);
  } else {
    begin(STAGES.down);
    steps.step("pulumi destroy on client, cloud and edge");
    await destroyAll(stacks, steps, before);
    steps.done();
    if (before.length > 0) say(`Stacks that were up before stay up: ${before.join(", ")}.`);
    if (wasUp) say(`The lab "${name}" was up before and stays up: npx lathe lab down`);
    else await labDown(name, steps);
  }
  say(`The demo took ${formatSeconds((Date.now() - startedAt) / 1000)}.`);
  if (code !== 0) throw new UserError({ what: "some cells of the matrix failed: the summary above says why" });
}
