import { constants } from "node:os";
import { basename } from "node:path";
import type { Values } from "../../lib/cli/spec.ts";
import { say } from "../../lib/output.ts";
import { progress } from "../../lib/progress.ts";
import { onSignals } from "../../lib/signals.ts";
import { count } from "../../lib/words.ts";
import { planMatrix } from "../plan/plan-matrix.ts";
import { type RunManifest, readManifest, writeManifest } from "../records/manifest.ts";
import { keepPhotographs } from "../records/photographs.ts";
import { makeRunDir } from "../records/run-folders.ts";
import { bundleAgent } from "../run/agent/bundle.ts";
import type { CellEnd } from "../run/cell-book.ts";
import type { RunStatus } from "../run/inputs.ts";
import { statusText } from "../run/status-text.ts";
import { newManifest } from "../run/new-manifest.ts";
import { runSession } from "../run/session.ts";
import { serversBeside } from "../targets/beside/servers-beside.ts";
import type { Deployed } from "../targets/deployments.ts";
import { machineScores } from "../targets/scores.ts";
import type { SecretsByServer } from "../targets/secrets.ts";
import { worseCode } from "../thresholds/result.ts";
import type { BenchOptions } from "./choices.ts";
import type { BENCH } from "./options.ts";
import { type Wanted, reportAtEnd, wantedOf } from "./report.ts";
import { photographs, runAgain } from "./run-again.ts";
import { deployedNow, runNamed, runsFolder, secretsOf } from "./targets.ts";

/** `lathe bench`: begins a new run, or with `--resume` goes on with one. @returns the exit code */
export async function measureMatrix(
  options: BenchOptions,
  values: Values<typeof BENCH>,
  named: string | undefined,
): Promise<number> {
  const wanted = wantedOf(values);
  return values.resume === true
    ? resume(await runNamed(values.runs, named), options, wanted, values["accept-changes"] === true)
    : begin(runsFolder(values.runs), options, wanted);
}

async function begin(runs: string, options: BenchOptions, wanted: Wanted): Promise<number> {
  let first =
    options.repeatOf === undefined ? undefined : (await readManifest(await runNamed(runs, options.repeatOf))).id;
  const deployed = await deployedNow(options);
  const matrix = await planMatrix(deployed, options);
  const beside = await serversBeside(deployed, matrix.cells);
  for (const text of [...matrix.notes, ...beside]) say(text);
  const used = new Set(matrix.cells.map((c) => c.image));
  const { images, infos } = await photographs(options.photographs, [...used]);
  const secrets = await secretsOf(deployed, options);
  const bundle = await bundleAgent();
  const scores = await scoresOf(deployed, options);
  let code = 0;
  for (let n = 1; n <= options.repeat; n++) {
    const { id, dir } = await makeRunDir(runs, new Date());
    const manifest = {
      ...(await newManifest(id, deployed, infos, { ...options, beside }, matrix, bundle)),
      ...(scores === undefined ? {} : { scores }),
      ...(first === undefined ? {} : { repeats: first }),
    };
    first ??= id;
    await writeManifest(dir, manifest);
    // The document on stdout and the files of options are the last run's.
    const last = n === options.repeat ? wanted : { ...wanted, json: false, asked: {} };
    code = worseCode(code, await measure(dir, manifest, images, bundle, last, secrets));
  }
  return code;
}

async function resume(dir: string, options: BenchOptions, wanted: Wanted, acceptChanges: boolean): Promise<number> {
  const { manifest, images, bundle, secrets, noteSession } = await runAgain(dir, "bench", options, acceptChanges);
  return measure(dir, manifest, images, bundle, wanted, secrets, async (fromRound) => {
    await noteSession(fromRound);
  });
}

/** How fast the machines are; undefined if that was left out. */
export async function scoresOf({ machines }: Deployed, { score }: BenchOptions) {
  if (!score) return undefined;
  const steps = progress();
  steps.step(`Scores of ${count(machines.length, "machine")}`);
  const scores = await machineScores(machines);
  steps.done();
  return scores;
}

async function measure(
  dir: string,
  manifest: RunManifest,
  images: Parameters<typeof runSession>[2],
  bundle: Parameters<typeof runSession>[3],
  wanted: Wanted,
  secrets: SecretsByServer,
  onBegin?: Parameters<typeof runSession>[6],
): Promise<number> {
  const steps = progress();
  steps.step(`Measuring ${count(manifest.cells.length, "cell")}, run ${manifest.id}`);
  const onStatus = (s: RunStatus) => steps.note(statusText(s));
  await keepPhotographs(dir, images);
  const calm = sayHowToGoOn(dir);
  const { ends, repairedBytes } = await runSession(dir, manifest, images, bundle, onStatus, secrets, onBegin);
  calm();
  steps.done(countEnds(ends));
  if (repairedBytes > 0) say(`Cut off a torn last record of ${repairedBytes} bytes.`);
  const promised = await reportAtEnd(dir, wanted);
  const failed = [...ends.values()].filter((e) => e === "failed").length;
  return worseCode(failed === 0 ? 0 : 1, promised);
}

const ENDS: readonly (readonly [CellEnd, string])[] = [
  ["precision", "as precise as asked for"],
  ["requests", "with all calls made"],
  ["budget", "ended with the time budget"],
  ["failed", "failed"],
];

/** How the cells ended, the ways alone that some ended. Pure. */
export function countEnds(ends: ReadonlyMap<string, CellEnd>): string {
  const all = [...ends.values()];
  const parts = ENDS.map(([end, words]) => [all.filter((e) => e === end).length, words] as const);
  return `cells: ${parts.flatMap(([n, words]) => (n > 0 ? [`${n} ${words}`] : [])).join(", ")}`;
}

/**
 * Makes a signal end this process at once and print how to go on. Nothing is lost: every record is on disk, agents end with
 * their connections, and the next session takes the run's lock over.
 *
 * @returns a function that undoes this
 */
function sayHowToGoOn(dir: string): () => void {
  return onSignals(["SIGINT", "SIGTERM", "SIGHUP"], (signal) => {
    say(`\nInterrupted. What was measured is kept: npx lathe bench --resume ${basename(dir)}`);
    process.exit(128 + constants.signals[signal]);
  });
}
