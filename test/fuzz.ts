import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { runCommand } from "../lib/cli/run.ts";
import { command } from "../lib/cli/spec.ts";
import { positive, whole } from "../lib/cli/values.ts";
import { UserError } from "../lib/errors.ts";
import { print, say } from "../lib/output.ts";
import { repoRoot } from "../lib/paths.ts";
import { progress } from "../lib/progress.ts";
import { quoteAll } from "../lib/quote.ts";
import { run, tryRun } from "../lib/run.ts";

/*
 * `npm run fuzz`: the fuzz tests of `npm test`, again and again with other seeds. A fuzz test is a unit test that uses
 * lib/testing/fuzz.ts.
 */

interface Failure {
  readonly file: string;
  readonly test: string;
  readonly message: string;
}

const fuzz = command(
  {
    name: "npm run fuzz --",
    summary:
      "Runs the fuzz tests with new seeds until the time is over: near-valid input for every reader of foreign bytes.",
    operands: "[PATH…]",
    options: {
      minutes: { value: "N", read: positive, default: "10", help: "how long; a round that has begun is finished" },
      cases: { value: "N", read: whole(1), default: "10000", help: "cases of each kind of input in a round" },
      seed: {
        value: "N",
        read: whole(0),
        help: "seed of the first round; later ones count up (default: of the clock)",
      },
    },
    details: [
      "PATH…: only the tests whose path holds one of these words. What fails is shown once, with how to run it again.",
    ],
    examples: [
      ["npm run fuzz -- --minutes 60", "an hour"],
      ["npm run fuzz -- models --minutes 5", "the readers of models/ alone"],
    ],
    exits: { 0: "nothing failed", 1: "something did" },
  },
  async ({ minutes, cases, seed = Math.floor(Date.now() / 1000) }, words) => {
    const files = await fuzzTests(words);
    const until = performance.now() + minutes * 60_000;
    const seen = new Map<string, Failure>();
    const steps = progress();
    say(`${files.length} files of fuzz tests, ${cases} cases of each kind of input, first seed ${seed}`);
    let rounds = 0;
    for (; rounds === 0 || performance.now() < until; rounds++) {
      const env = { LATHE_FUZZ_CASES: String(cases), LATHE_FUZZ_SEED: String(seed + rounds) };
      const left = Math.max(0, Math.ceil((until - performance.now()) / 60_000));
      steps.step(`round ${rounds + 1}, seed ${seed + rounds}, ${left} min left, ${seen.size} failed so far`);
      for (const failure of await round(files, env)) {
        const key = `${failure.file}: ${failure.test}`;
        if (seen.has(key)) continue;
        seen.set(key, failure);
        steps.done("something failed");
        const again = ["npx", "vitest", "run", "--project", "unit", failure.file];
        const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
        say(`\n${key}\n${failure.message}\nagain: ${[...settings, quoteAll(again)].join(" ")}\n`);
      }
    }
    steps.done();
    print(`${rounds} rounds, seeds ${seed} to ${seed + rounds - 1}, ${seen.size} failed`);
    for (const key of seen.keys()) print(`  ${key}`);
    return seen.size === 0 ? 0 : 1;
  },
);

/** Paths of the fuzz tests. */
async function fuzzTests(words: readonly string[]): Promise<string[]> {
  const listed = await run(["git", "ls-files", "-co", "--exclude-standard", "*.test.ts"], { cwd: repoRoot });
  const files: string[] = [];
  for (const file of listed.trim().split("\n")) {
    if (/^test\//.test(file) || !(words.length === 0 || words.some((word) => file.includes(word)))) continue;
    const text = await readFile(join(repoRoot, file), "utf8").catch(() => "");
    if (text.includes("testing/fuzz.ts")) files.push(file);
  }
  if (files.length > 0) return files;
  throw new UserError({ what: `no fuzz test has ${words.join(" or ")} in its path`, fix: "npm run fuzz -- --help" });
}

interface Results {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** Runs the tests once. */
async function round(files: readonly string[], settings: Readonly<Record<string, string>>): Promise<Failure[]> {
  const dir = await mkdtemp(join(tmpdir(), "lathe-fuzz-"));
  try {
    const file = join(dir, "results.json");
    const vitest = join(repoRoot, "node_modules/vitest/vitest.mjs");
    const argv = [process.execPath, vitest, "run", "--project", "unit", "--reporter=json", `--outputFile=${file}`];
    const ended = await tryRun([...argv, ...files], { cwd: repoRoot, env: { ...process.env, ...settings } });
    const text = await readFile(file, "utf8").catch(() => {
      throw new UserError({ what: `vitest did not run: ${ended.stderr.trim().slice(-2000)}` });
    });
    return (JSON.parse(text) as Results).testResults.flatMap(({ name, message = "", assertionResults }) => {
      const path = relative(repoRoot, name);
      const failed = assertionResults.filter((a) => a.status === "failed");
      if (assertionResults.length === 0) return [{ file: path, test: "(the file)", message: firstLines(message) }];
      return failed.map((a) => ({
        file: path,
        test: a.fullName,
        message: firstLines((a.failureMessages ?? []).join("\n")),
      }));
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The counterexample and its seed stand at the beginning. */
const firstLines = (text: string) => text.split("\n").slice(0, 20).join("\n").slice(0, 4000);

await runCommand(fuzz);
