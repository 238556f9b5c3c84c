import { rm } from "node:fs/promises";
import { dockerHubReachable, findLab, labDown, labUp, mirrorImage, pushImage, standInFor } from "../lab/index.ts";
import { defaultLabName, labPaths } from "../lab/names.ts";
import { STANDS_FOR } from "../lab/state.ts";
import { noteKept } from "../infra/pulumi/kept.ts";
import { defaultServerKind } from "../infra/servers/registry.ts";
import { DEFAULT_LIMITS } from "../bench/matrix/limits.ts";
import type { Values } from "../lib/cli/spec.ts";
import { UserError } from "../lib/errors.ts";
import { say } from "../lib/output.ts";
import { latheProgram, repoRoot } from "../lib/paths.ts";
import { formatSeconds, progress } from "../lib/progress.ts";
import { runInherited } from "../lib/run.ts";
import { prepareModel } from "../models/index.ts";
import { ensureToolchain } from "../toolchain/index.ts";
import type { OPTIONS } from "./options.ts";
import { markUnfinished, readUnfinished, unfinishedMark } from "./unfinished.ts";
import { byHand, demoStacks, deployedBefore, destroyAll, staysUp, upAll } from "./stacks.ts";

/** The paper's two models, and the one whose latency is protocol and wire alone. */
const MODELS = ["rfcn-resnet101", "ssd-mobilenet", "null"];

/** `lathe demo`. */
export async function runDemo(values: Values<typeof OPTIONS>): Promise<void> {
  const startedAt = Date.now();
  const { budget, requests, repeat } = values;
  const name = values.name ?? defaultLabName();
  const { dir } = labPaths(name);
  const steps = progress();
  const toolchain = await ensureToolchain(steps);
  steps.done();
  say(`Pulumi ${toolchain.programs.map((p) => `${p.name} ${p.version} (${p.from})`).join(", ")}`);
  for (const model of MODELS) await prepareModel(model, steps);
  const kind = defaultServerKind;
  const hub = await dockerHubReachable();
  // Built before the lab is up: it may take minutes, and a lab that only waits uses memory.
  const standIn = hub ? undefined : await standInFor(kind.name)?.image(steps);
  steps.done();
  const earlier = await readUnfinished(dir);
  if (earlier?.ownLab === true) {
    say("An earlier demo did not finish: the lab that it made is taken down first.");
    await labDown(name, steps);
  }
  const wasUp = (await findLab(name)) !== undefined;
  const lab = await labUp({ name }, steps);
  await markUnfinished(dir, { ownLab: !wasUp, before: earlier?.before ?? [] });
  const image =
    standIn === undefined
      ? await mirrorImage(lab, kind.defaultImage, steps)
      : (await pushImage(lab, standIn, steps)).reference;
  const stacks = await demoStacks(lab, dir);
  steps.step("pulumi up on client, cloud and edge", 120);
  const before = await staysUp(wasUp, earlier, () => deployedBefore(stacks));
  await markUnfinished(dir, { ownLab: !wasUp, before });
  await upAll(stacks, lab, image, MODELS, steps, before);
  steps.done("three stacks are up: every model answers");
  // The bench as a user would run it, in a process of its own; its tables go to this one's outputs.
  const code = await runInherited(
    [
      ...[process.execPath, latheProgram, "bench"],
      ...["--budget", String(budget), "--requests", String(requests), "--repeat", String(repeat), "--warmup", "1"],
      // So few calls cannot be precise: asked for, it would be a promise that no cell keeps.
      ...(requests < DEFAULT_LIMITS.minRequests ? ["--precision", "none"] : []),
      ...["--block", "5", "--remark", STANDS_FOR],
      ...(values.images === undefined ? [] : ["--images", values.images.join(",")]),
      ...(values.json === true ? ["--json"] : []),
    ],
    { cwd: repoRoot, env: { ...process.env, ...stacks.env } },
  );
  await rm(unfinishedMark(dir), { force: true });
  if (values.keep === true) {
    await noteKept(stacks);
    say(`\nThe lab "${name}" stays up. To go on by hand:\n\n${byHand(stacks)}`);
  } else {
    steps.step("pulumi destroy on client, cloud and edge");
    await destroyAll(stacks, steps, before);
    steps.done();
    if (before.length > 0) say(`Stacks that were up before stay up: ${before.join(", ")}.`);
    if (wasUp) say(`The lab "${name}" was up before and stays up: npx lathe lab down`);
    else await labDown(name, steps);
  }
  say(`The demo took ${formatSeconds((Date.now() - startedAt) / 1000)}.`);
  if (code !== 0) throw new UserError({ what: "some cells of the matrix failed: the reasons are below the tables" });
}
