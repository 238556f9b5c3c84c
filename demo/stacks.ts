import { join } from "node:path";
import { type StackRef, destroy, initStack, projectFolder, up } from "../infra/engine.ts";
import type { StackOutputs } from "../infra/outputs.ts";
import { UserError } from "../lib/errors.ts";
import type { Progress } from "../lib/progress.ts";
import type { Lab } from "../lab/index.ts";

/** Where the demo's stacks keep their state and config: in the lab's own folder, so that they go when the lab goes. */
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
 * `pulumi up` on every host of the lab, all at once.
 *
 * @throws UserError with what the engine said of each stack that is not up
 */
export async function upAll(
  stacks: DemoStacks,
  lab: Lab,
  image: string,
  models: readonly string[],
  progress: Progress,
): Promise<StackOutputs[]> {
  const config = (host: string) => ({
    "lathe:host": host,
    "lathe:sshConfig": lab.sshConfig,
    "lathe:image": image,
    "lathe:gateTimeoutSeconds": "600",
    ...Object.fromEntries(models.map((model, i) => [`lathe:models[${i}]`, model])),
  });
  const states = new Map<string, string>();
  const ref = (stack: string): StackRef => ({
    stack,
    projectDir: stacks.projectDir,
    env: stacks.env,
    onLine: (line) => {
      const what = /(lathe|command|docker):\S+ (\S+) (creat\w+|updat\w+|replac\w+|delet\w+)/.exec(line);
      if (what === null) return;
      states.set(stack, `${what[2]} ${what[3]}`);
      progress.note([...states].map(([s, state]) => `${s}: ${state}`).join(", "));
    },
  });
  // The stacks are made one after the other: they share the project's folder.
  for (const name of stacks.names) await initStack(ref(name), config(name));
  const ended = await Promise.allSettled(stacks.names.map((name) => up(ref(name))));
  const faults = ended.flatMap((e) => (e.status === "rejected" ? [e.reason as Error] : []));
  if (faults.length > 0) throw new UserError(faults.map((f) => ({ what: f.message })));
  return ended.flatMap((e) => (e.status === "fulfilled" ? [e.value] : []));
}

/** `pulumi destroy` of every stack, all at once. */
export async function destroyAll(stacks: DemoStacks): Promise<void> {
  await Promise.all(stacks.names.map((stack) => destroy({ stack, projectDir: stacks.projectDir, env: stacks.env })));
}

/** The first lines a user would type to go on with the demo's stacks by hand. */
export function byHand(stacks: DemoStacks): string {
  return [
    ...Object.entries(stacks.env).map(([name, value]) => `export ${name}=${value}`),
    "npm run bench -- plan",
    "npm run bench -- --models ssd-mobilenet,null --images 2,7",
    "npm run lab -- status",
    "npm run lab -- down",
  ].join("\n");
}
