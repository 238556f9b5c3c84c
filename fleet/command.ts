import { listStacks } from "../infra/pulumi/cli.ts";
import { printResult } from "../lib/cli/result.ts";
import type { Values } from "../lib/cli/spec.ts";
import { say } from "../lib/output.ts";
import { divertProgress } from "../lib/progress.ts";
import { projectAt } from "../stacks/project.ts";
import { ensureToolchain } from "../toolchain/index.ts";
import { askAboutAll } from "./ask.ts";
import { board } from "./board.ts";
import { defaultParallel, runFleet } from "./fleet.ts";
import { passInterrupts } from "./interrupts.ts";
import { DOWN, UP } from "./options.ts";
import { fleetAsJson, formatFleet } from "./report.ts";
import { chooseStacks, configuredStacks, knownStacks } from "./stacks.ts";
import type { Action } from "./status.ts";

/** As shells have it for a command that Ctrl-C ended. */
const INTERRUPTED = 130;

/** `lathe up` and `lathe down`. */
export async function fleet(action: Action, values: Values<typeof UP>, all = false): Promise<number> {
  const parallel = values.parallel ?? defaultParallel();
  await ensureToolchain();
  const projectDir = await projectAt(values.project);
  const known = knownStacks(await configuredStacks(projectDir), await listStacks({ projectDir }));
  const stacks = chooseStacks(action, known, values.stack);
  if (action === "down" && values.stack === undefined && !all) await askAboutAll(stacks.map((s) => s.name));
  const startedAt = Date.now();
  const shown = board(action, parallel);
  const plan = { action, stacks, projectDir, parallel, refresh: values.refresh === true };
  // The stacks' programs run here, and may have a model to prepare.
  divertProgress((line) => shown.say(line));
  const run = runFleet(plan, (all) => shown.show(all));
  const interrupts = passInterrupts(run, () =>
    shown.say("Stopping: what has begun is finished. Ctrl-C again ends it at once, and leaves it half done."),
  );
  const ended = await run.ended.finally(() => {
    shown.close();
    interrupts.stop();
    divertProgress(undefined);
  });
  const seconds = (Date.now() - startedAt) / 1000;
  say("");
  const text = formatFleet(action, ended, seconds, values.project);
  const document = fleetAsJson(action, ended, seconds, values.project);
  printResult((action === "up" ? UP : DOWN).json, values.json, text, document);
  // A command on a host that nobody waits for any more would hold this process.
  if (interrupts.came()) process.exit(INTERRUPTED);
  return ended.every((s) => s.result === action) ? 0 : 1;
}
