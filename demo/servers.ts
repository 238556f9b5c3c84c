import { rm } from "node:fs/promises";
import { join } from "node:path";
import { serverKind, serverKindNames } from "../infra/servers/registry.ts";
import { noteKept } from "../infra/pulumi/kept.ts";
import { kindImage, labDown, pushImage } from "../lab/index.ts";
import { defaultLabName, labPaths } from "../lab/names.ts";
import { STANDS_FOR } from "../lab/state.ts";
import type { Values } from "../lib/cli/spec.ts";
import { UserError } from "../lib/errors.ts";
import { say } from "../lib/output.ts";
import { latheProgram, repoRoot } from "../lib/paths.ts";
import { type Progress, formatSeconds, progress } from "../lib/progress.ts";
import { runInherited } from "../lib/run.ts";
import { prepareModel } from "../models/index.ts";
import { ensureToolchain } from "../toolchain/index.ts";
import { demoLab, handedOn } from "./begin.ts";
import { BUDGET_MINUTES, type OPTIONS } from "./options.ts";
import { stages } from "./stages.ts";
import { type DemoServer, byHand, demoStacks, deployedBefore, destroyAll, staysUp, upServers } from "./stacks.ts";
import { markUnfinished, unfinishedMark } from "./unfinished.ts";

/** The trained model, and the null model: each kind can serve both. */
const MODELS = ["ssd-mobilenet", "null"];
/** The host that has all servers, and calls them. */
const HOST = "cloud";
const EXPERIMENTS = "bench/matrix/experiments/servers.yaml";

const STAGES = {
  tools: "Tools: Pulumi, the models, each server's image",
  lab: "Lab: hosts on this machine",
  up: `Deploy: one stack with all servers on ${HOST}`,
  bench: "Measure one server at a time, and report",
  down: "Take it all down again",
} as const;

/** The first kind with this setting stands there twice, the second time with this value: what do lists cost in a web framework that reads them well? */
const VARIANT = { key: "parser", value: "simdjson" };

/**
 * A server of each kind that was asked for, in the order in which Lathe lists them, and the second one of the first web framework. Each is named
 * after its kind, that one after its setting. Pure.
 */
export function wantedServers(asked: readonly string[]): readonly Omit<DemoServer, "image">[] {
  const kinds = asked.includes("all") ? serverKindNames : serverKindNames.filter((kind) => asked.includes(kind));
  const { key, value } = VARIANT;
  const twice = kinds.find((kind) => serverKind(kind).settingsHelp.some((help) => help.key === key));
  return kinds.flatMap((kind) => [
    { name: kind, kind },
    ...(kind === twice ? [{ name: value, kind, settings: { [key]: value } }] : []),
  ]);
}

/** `lathe demo --servers`: servers of several kinds on one host, by the experiments that ask which is best. */
export async function runServersDemo(values: Values<typeof OPTIONS>, asked: readonly string[]): Promise<void> {
  const startedAt = Date.now();
  const name = values.name ?? defaultLabName();
  const { dir } = labPaths(name);
  const steps = progress();
  const begin = stages(
    Object.values(STAGES).filter((title) => values.keep !== true || title !== STAGES.down),
    say,
  );
  begin(STAGES.tools);
  await ensureToolchain(steps);
  steps.done();
  for (const model of MODELS) await prepareModel(model, steps);
  const wanted = wantedServers(asked);
  const images = await imagesOf([...new Set(wanted.map(({ kind }) => kind))], steps);
  begin(STAGES.lab);
  const { lab, wasUp, earlier } = await demoLab(name, dir, steps);
  const pushed = new Map<string, string>();
  for (const { kind, image } of images) pushed.set(kind, (await pushImage(lab, image, steps)).reference);
  const servers = wanted.map((server): DemoServer => ({ ...server, image: pushed.get(server.kind) ?? "" }));
  const stacks = { ...(await demoStacks(lab, dir)), names: [HOST] };
  steps.done();
  const before = await staysUp(wasUp, earlier, () => deployedBefore(stacks));
  if (before.length > 0)
    throw new UserError({
      what: `stack ${HOST} of the lab "${name}" is up already`,
      expected: "a lab whose hosts have no servers of another demo",
      fix: `npx lathe lab down --name ${name}, or give this demo a lab of its own: --name servers`,
    });
  begin(STAGES.up);
  steps.step(`pulumi up on ${HOST}: ${servers.length} servers`, 180);
  await markUnfinished(dir, { ownLab: !wasUp, before });
  await upServers(stacks, lab, servers, MODELS, steps);
  steps.done("all servers are up: every model answers");
  begin(STAGES.bench);
  const code = await runInherited([...benchCommand(values), ...(values.keep === true ? [] : ["--next", AFTERWARDS])], {
    cwd: repoRoot,
    env: { ...process.env, ...stacks.env },
  });
  await rm(unfinishedMark(dir), { force: true });
  say("");
  if (values.keep === true) {
    await noteKept(stacks);
    say(`The lab "${name}" stays up. To go on by hand:\n\n${byHand(stacks, name)}`);
  } else {
    begin(STAGES.down);
    steps.step(`pulumi destroy on ${HOST}`);
    await destroyAll(stacks, steps);
    steps.done();
    if (!wasUp) await labDown(name, steps);
  }
  say(`The demo took ${formatSeconds((Date.now() - startedAt) / 1000)}.`);
  if (code !== 0) throw new UserError({ what: "some cells of the matrix failed: the summary above says why" });
}

/** What to type next if the lab is gone. */
const AFTERWARDS = "npx lathe demo --servers all --keep (to go on by hand); your own machines: docs/servers.md";

/** The lab's image for each kind. @throws UserError with all kinds that the lab has none for */
async function imagesOf(kinds: readonly string[], steps: Progress) {
  const images = [];
  const missing: string[] = [];
  for (const kind of kinds) {
    const image = await kindImage(kind, steps);
    if (image === undefined) missing.push(kind);
    else images.push({ kind, image });
  }
  steps.done();
  if (missing.length === 0) return images;
  throw new UserError({
    what: `the lab makes no image for the server kind ${missing.join(", ")}`,
    fix: "leave it out of --servers",
  });
}

function benchCommand(values: Values<typeof OPTIONS>): string[] {
  return [
    ...[process.execPath, latheProgram, "bench", "--matrix", join(repoRoot, EXPERIMENTS)],
    ...[
      "--budget",
      String(values.budget ?? BUDGET_MINUTES.servers),
      "--repeat",
      String(values.repeat),
      "--remark",
      STANDS_FOR,
    ],
    ...handedOn(values),
  ];
}
