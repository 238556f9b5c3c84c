import { join } from "node:path";
import { noteLine } from "../fleet/board.ts";
import { runFleet } from "../fleet/fleet.ts";
import { passInterrupts } from "../fleet/interrupts.ts";
import { chooseStacks, configuredStacks, knownStacks } from "../fleet/stacks.ts";
import type { Action } from "../fleet/status.ts";
import { listStacks, projectFolder, writeConfig } from "../infra/pulumi/cli.ts";
import { exportsOf } from "../infra/pulumi/kept.ts";
import { UserError } from "../lib/errors.ts";
import { progress as newProgress, type Progress } from "../lib/progress.ts";
import { quote } from "../lib/quote.ts";
import type { Lab } from "../lab/index.ts";
import { defaultLabName } from "../lab/names.ts";

/** The demo's stacks. Their state and config are in the lab's folder, so they are removed with the lab. */
export interface DemoStacks {
  readonly names: readonly string[];
  readonly projectDir: string;
  /** For the environment of `pulumi`. */
  readonly env: Readonly<Record<string, string>>;
}

/** Makes the project's folder and an empty backend in `dir`. */
export async function demoStacks(lab: Lab, dir: string): Promise<DemoStacks> {
  const projectDir = await projectFolder(join(dir, "project"));
  return {
    names: lab.hosts.map((h) => h.name),
    projectDir,
    // The stacks hold no secret: the passphrase only has to be there.
    env: { PULUMI_BACKEND_URL: `file://${projectDir}`, PULUMI_CONFIG_PASSPHRASE: "lathe-demo" },
  };
}

/**
 * Brings a stack up on every host of the lab, all at once.
 *
 * @param before stacks that were there before: their config stays as it is
 * @throws UserError with the reason of each stack that is not up
 */
export async function upAll(
  stacks: DemoStacks,
  lab: Lab,
  image: string,
  models: readonly string[],
  progress: Progress,
  before: readonly string[] = [],
): Promise<void> {
  for (const stack of stacks.names.filter((name) => !before.includes(name)))
    await writeConfig(stacks.projectDir, stack, {
      "lathe:host": stack,
      "lathe:sshConfig": lab.sshConfig,
      "lathe:image": image,
      "lathe:gateTimeoutSeconds": "600",
      "lathe:models": models,
    });
  await runAll("up", stacks, progress);
}

/** A server of a stack that has several. */
export interface DemoServer {
  readonly name: string;
  readonly kind: string;
  readonly image: string;
  /** `settings` of its config; absent: what fits the machine. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Brings one stack up with several servers.
 *
 * @throws UserError with the reason if it is not up
 */
export async function upServers(
  stacks: DemoStacks,
  lab: Lab,
  servers: readonly DemoServer[],
  models: readonly string[],
  progress: Progress,
): Promise<void> {
  for (const stack of stacks.names)
    await writeConfig(stacks.projectDir, stack, {
      "lathe:host": stack,
      "lathe:sshConfig": lab.sshConfig,
      "lathe:gateTimeoutSeconds": "600",
      "lathe:models": models,
      "lathe:servers": servers.map(({ kind, ...server }) => ({ ...server, server: kind })),
    });
  await runAll("up", stacks, progress);
}

/**
 * Names of the stacks that a demo must not take down: those that were up before it, in a lab that was up before it. Stacks that
 * an unfinished demo left are not among them.
 */
export async function staysUp(
  labWasUp: boolean,
  earlier: { readonly before: readonly string[] } | undefined,
  deployed: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  return labWasUp ? (earlier?.before ?? (await deployed())) : [];
}

/** Names of the demo's stacks that are deployed already: an earlier demo was run with --keep. */
export async function deployedBefore({ projectDir, env, names }: DemoStacks): Promise<string[]> {
  const known = knownStacks(await configuredStacks(projectDir), await listStacks({ projectDir, env }));
  return known.filter((s) => names.includes(s.name) && (s.deployed?.resources ?? 0) > 0).map((s) => s.name);
}

/**
 * Takes stacks down, all at once, and removes their state and config.
 *
 * @param before stacks that were there before: they stay
 * @throws UserError with the reason of each that is not down
 */
export async function destroyAll(
  stacks: DemoStacks,
  progress: Progress = newProgress(),
  before: readonly string[] = [],
): Promise<void> {
  const names = stacks.names.filter((name) => !before.includes(name));
  if (names.length > 0) await runAll("down", { ...stacks, names }, progress);
}

async function runAll(action: Action, { names, projectDir, env }: DemoStacks, progress: Progress): Promise<void> {
  const known = knownStacks(await configuredStacks(projectDir), await listStacks({ projectDir, env }));
  const plan = { action, stacks: chooseStacks(action, known, names), projectDir, env, forget: action === "down" };
  const run = runFleet({ ...plan, parallel: names.length }, (all) => progress.note(noteLine(action, all)));
  const interrupts = passInterrupts(run, () => progress.note("stopping: what has begun is finished", true));
  const all = await run.ended.finally(() => interrupts.stop());
  const faults = all.filter((s) => s.result !== action);
  if (faults.length > 0)
    throw new UserError(faults.map((s) => ({ what: `stack ${s.stack}: ${s.result}: ${s.reason ?? "Ctrl-C"}` })));
}

/** The first lines a user would type to go on with the demo's stacks by hand. */
export function byHand({ env, projectDir }: Pick<DemoStacks, "env" | "projectDir">, lab: string): string {
  return [
    // A lab of another name than the usual one is meant by `lathe lab` too.
    ...exportsOf({ ...env, ...(lab === defaultLabName({}) ? {} : { LATHE_LAB: lab }) }),
    "npx lathe plan",
    "npx lathe bench --models ssd-mobilenet,null --images 2,7",
    // Their config files are there, not in the checkout.
    `npx lathe up --project ${quote(projectDir)}`,
    "npx lathe lab status",
    "npx lathe lab down",
  ].join("\n");
}
