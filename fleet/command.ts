import { join, resolve } from "node:path";
import { listStacks } from "../infra/pulumi/cli.ts";
import { exists } from "../lib/cached.ts";
import { runCommand } from "../lib/cli.ts";
import { UserError } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import { divertProgress } from "../lib/progress.ts";
import { ensureToolchain } from "../toolchain/index.ts";
import { board } from "./board.ts";
import { defaultParallel, runFleet } from "./fleet.ts";
import { passInterrupts } from "./interrupts.ts";
import { fleetAsJson, formatFleet } from "./report.ts";
import { chooseStacks, configuredStacks, knownStacks } from "./stacks.ts";
import type { Action } from "./status.ts";

/** As shells have it for a command that Ctrl-C ended. */
const INTERRUPTED = 130;
const OPTIONS = {
  stack: { type: "string", value: "A,B", help: "these stacks only, `dev` too if it is named (default: all but `dev`)" },
  parallel: {
    type: "string",
    value: "N",
    help: "stacks at once (default: four a processor, fewer where memory is short)",
  },
  refresh: { type: "boolean", help: "look at the machines first: a container that was stopped by hand is seen" },
  project: {
    type: "string",
    value: "DIR",
    help: "folder with Pulumi.yaml and the config files (default: this checkout)",
  },
  json: { type: "boolean", help: "print the result as JSON on stdout; the table stays on stderr" },
} as const;

const WHICH =
  "All stacks are those with a config file (Pulumi.NAME.yaml) and those that the backend knows; `dev`, the one on this " +
  "machine's own Docker engine, only counts where it is named. A config file whose stack the backend does not know makes one.";
const GOES_ON =
  "A stack that fails stops no other one; its reason and the next command stand below the table, and the exit code is 1. " +
  "Ctrl-C lets the engines finish what they have begun and begins nothing new; pressed again it ends them at once. What " +
  "is unfinished is then told, with the command that goes on (exit code 130).";

const SPECS = {
  up: {
    name: "npm run up --",
    summary: "Bring every stack up, several at once: each is `pulumi up`, with one table at the end.",
    options: OPTIONS,
    details: [WHICH, GOES_ON, "The same as `npm run pulumi -- up --stack NAME` for each: both can be mixed freely."],
    examples: [
      ["npm run up", "everything"],
      ["npm run up -- --stack cloud,edge", "two of them"],
      ["npm run up -- --refresh", "after somebody has meddled with a machine"],
      ["npm run up -- --json | jq '.stacks[] | select(.result == \"failed\") | .reason'", "for a program"],
    ],
  },
  down: {
    name: "npm run down --",
    summary:
      "Take every stack down, several at once: each is `pulumi destroy`, which leaves nothing of Lathe's on its machine.",
    options: OPTIONS,
    details: [WHICH, "The stacks and their config stay: `npm run up` brings all back.", GOES_ON],
    examples: [
      ["npm run down", "everything"],
      ["npm run down -- --stack edge", "one machine"],
    ],
  },
} as const;

const [verb, ...argv] = process.argv.slice(2);
const action: Action = verb === "down" ? "down" : "up";

await runCommand(
  SPECS[action],
  async (values, operands) => {
    if (operands.length > 0)
      throw new UserError({
        what: `unknown operand "${operands.join(" ")}"`,
        expected: "stacks are named by --stack A,B",
        fix: `npm run ${action} -- --stack ${operands.join(",")}`,
      });
    const parallel = values.parallel === undefined ? defaultParallel() : count("--parallel", values.parallel);
    await ensureToolchain();
    const projectDir = values.project === undefined ? repoRoot : await projectAt(values.project);
    const known = knownStacks(await configuredStacks(projectDir), await listStacks({ projectDir }));
    const stacks = chooseStacks(action, known, values.stack === undefined ? undefined : names(values.stack));
    const startedAt = Date.now();
    const shown = board(action, parallel);
    const plan = { action, stacks, projectDir, parallel, refresh: values.refresh === true };
    // The stacks' programs run here, and may have a model to prepare.
    divertProgress((line) => shown.say(line));
    const run = runFleet(plan, (all) => shown.show(all));
    const interrupts = passInterrupts(run, () =>
      shown.say("Stopping: what has begun is finished. Ctrl-C again ends it at once, and leaves it half done."),
    );
    const all = await run.ended.finally(() => {
      shown.close();
      interrupts.stop();
      divertProgress(undefined);
    });
    const seconds = (Date.now() - startedAt) / 1000;
    process.stderr.write(`\n${formatFleet(action, all, seconds, values.project)}\n`);
    if (values.json === true)
      process.stdout.write(`${JSON.stringify(fleetAsJson(action, all, seconds, values.project), null, 2)}\n`);
    // A command on a host that nobody waits for any more would hold this process.
    if (interrupts.came()) process.exit(INTERRUPTED);
    return all.every((s) => s.result === action) ? 0 : 1;
  },
  argv,
);

async function projectAt(folder: string): Promise<string> {
  const dir = resolve(folder);
  if (await exists(join(dir, "Pulumi.yaml"))) return dir;
  throw new UserError({ what: `--project: ${dir}`, expected: "a folder with a Pulumi.yaml" });
}

function names(text: string): string[] {
  const all = text.split(",").map((name) => name.trim());
  if (all.every((name) => name !== "")) return all;
  throw new UserError({ what: `--stack: "${text}"`, expected: "names of stacks, with commas between them" });
}

function count(option: string, value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new UserError({ what: `${option}: "${value}"`, expected: "a whole number, 1 or more" });
}
