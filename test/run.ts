import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expectedWord } from "../lib/cli/parse.ts";
import { runCommand } from "../lib/cli/run.ts";
import { command } from "../lib/cli/spec.ts";
import { WrongUse } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import { formatSeconds, progress } from "../lib/progress.ts";
import { runInherited } from "../lib/run.ts";
import { formatTable } from "../lib/table.ts";
import { TEST_LAB } from "./lab/setup.ts";
import { PREPARATIONS } from "./prepare.ts";

/*
 * `npm test`: first whatever the tests need is installed or built (once, into the cache), then the checks run from cheap
 * to dear. Every stage runs even where an earlier one failed, so one run shows all there is to mend.
 */

const PROJECTS = ["unit", "program", "wire", "house", "browser", "lab", "kinds"] as const;
/** Runs beside the stage before it, in a lab of its own: both wait for servers most of the time. */
const BESIDE: Stage = "kinds";
const STAGES = ["types", "lint", "format", ...PROJECTS] as const;
type Stage = (typeof STAGES)[number];

interface Outcome {
  readonly stage: Stage;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
}

const test = command(
  {
    name: "npm test --",
    summary: "Runs the checks and tests, cheap ones first. Installs or builds what they need, once, into the cache.",
    operands: "[STAGE…]",
    options: {},
    details: [
      `Stages: ${STAGES.join(", ")}.`,
      "unit: pure code. program: Pulumi programs with mocks. wire: real clients and servers over TCP, official stubs. " +
        "house: a copy of the checkout with one more of each kind. browser: the report in a real Chromium, in light, dark and " +
        "print. lab: real hosts (namespaces with sshd and Docker), the real Pulumi engine, end to end; needs root. kinds: each " +
        "server kind on such a host, at the same time as lab; its output follows lab's.",
      "Fuzz tests take 10,000 cases of each kind of input, the same ones each time: LATHE_FUZZ_CASES takes more, " +
        "LATHE_FUZZ_SEED others; `npm run fuzz -- --minutes 60` takes new ones for an hour.",
    ],
    examples: [
      ["npm test", "everything"],
      ["npm test -- types unit", "the quick ones, while working"],
    ],
    exits: { 0: "all passed", 1: "something failed" },
  },
  async (_values, operands) => {
    const unknown = operands.filter((o) => !(STAGES as readonly string[]).includes(o));
    if (unknown.length > 0)
      throw new WrongUse(unknown.map((o) => ({ what: `unknown stage "${o}"`, expected: expectedWord(o, STAGES) })));
    const stages = operands.length === 0 ? STAGES : STAGES.filter((s) => operands.includes(s));
    const steps = progress();
    for (const preparation of PREPARATIONS) {
      if (preparation.stages.some((s) => (stages as readonly string[]).includes(s))) await preparation.run(steps);
    }
    steps.done();
    const startedAt = Date.now();
    const outcomes: Outcome[] = [];
    for (const stage of stages) {
      if (stage === BESIDE && outcomes.some((o) => o.stage === "lab")) continue;
      const both = stage === "lab" && stages.includes(BESIDE);
      outcomes.push(
        ...(both ? await Promise.all([runStage("lab"), runAfterwardsShown(BESIDE)]) : [await runStage(stage)]),
      );
    }
    return report(outcomes, (Date.now() - startedAt) / 1000);
  },
);

/** The checks that are no tests. */
const CHECKS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  types: [["tsc", "--noEmit"]],
  lint: [
    ["eslint", "."],
    ["depcruise", "."],
  ],
  format: [["prettier", "--check", "--log-level", "warn", "."]],
};

/** @param out a file descriptor that takes what the programs print */
async function runStage(stage: Stage, out = 2): Promise<Outcome> {
  process.stderr.write(`\n── ${stage} ──\n`);
  const startedAt = Date.now();
  const checks = CHECKS[stage];
  const counts = checks === undefined ? await vitest(stage, out) : await check(checks);
  return { stage, ...counts, seconds: (Date.now() - startedAt) / 1000 };
}

/** Runs a stage whose output is kept until its end, so that it does not mix with another's. */
async function runAfterwardsShown(stage: Stage): Promise<Outcome> {
  const dir = await mkdtemp(join(tmpdir(), "lathe-vitest-"));
  try {
    const path = join(dir, "output");
    const file = await open(path, "w");
    const outcome = await runStage(stage, file.fd).finally(() => file.close());
    process.stderr.write(`\n── ${stage}: what it printed ──\n${await readFile(path, "utf8")}`);
    return outcome;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function check(commands: readonly (readonly string[])[]): Promise<{ passed: number; failed: number }> {
  let failed = 0;
  for (const command of commands) if ((await run(command)) !== 0) failed += 1;
  return { passed: commands.length - failed, failed };
}

/** Each stage has a lab of its own where it runs beside another: `LATHE_TEST_LAB` is its name (test/lab/setup.ts). */
const labOf = (stage: string) => (stage === BESIDE ? { LATHE_TEST_LAB: `${TEST_LAB}-${stage}` } : {});

async function vitest(project: string, out: number): Promise<{ passed: number; failed: number }> {
  const dir = await mkdtemp(join(tmpdir(), "lathe-vitest-"));
  const file = join(dir, "results.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const code = await run(["vitest", "run", "--project", project, ...reporters], out, labOf(project));
    const text = await readFile(file, "utf8").catch(() => "{}");
    const results = JSON.parse(text) as { numPassedTests?: number; numFailedTests?: number; numTotalTests?: number };
    const passed = results.numPassedTests ?? 0;
    const failed = Math.max(results.numFailedTests ?? 0, code === 0 && passed > 0 ? 0 : 1);
    return { passed, failed };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Runs a program of node_modules with this Node; both its outputs go to `out`, as a rule stderr, as all that is not data does. */
function run(command: readonly string[], out = 2, more: NodeJS.ProcessEnv = {}): Promise<number> {
  const PATH = `${join(repoRoot, "node_modules/.bin")}${delimiter}${process.env["PATH"] ?? ""}`;
  return runInherited(command, { cwd: repoRoot, stdio: ["ignore", out, out], env: { ...process.env, PATH, ...more } });
}

function report(outcomes: readonly Outcome[], seconds: number): number {
  const sum = (key: "passed" | "failed") => outcomes.reduce((total, o) => total + o[key], 0);
  const table = formatTable(
    [{ title: "stage" }, ...["passed", "failed", "time"].map((title) => ({ title, align: "right" as const }))],
    outcomes.map((o) => [o.stage, String(o.passed), String(o.failed), formatSeconds(o.seconds)]),
  );
  process.stderr.write(`\n${table}\nin ${formatSeconds(seconds)}\n`);
  process.stdout.write(`${sum("passed")} passed, ${sum("failed")} failed\n`);
  return sum("failed") === 0 ? 0 : 1;
}

await runCommand(test);
