import { constants } from "node:os";
import { basename, resolve } from "node:path";
import type { Values } from "../../lib/cli/spec.ts";
import { UserError } from "../../lib/errors.ts";
import { say } from "../../lib/output.ts";
import { repoRoot } from "../../lib/paths.ts";
import { progress } from "../../lib/progress.ts";
import { onSignals } from "../../lib/signals.ts";
import { count } from "../../lib/words.ts";
import { loadImages } from "../plan/photographs.ts";
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
import { setupNow } from "../targets/read-setup.ts";
import { machineScores } from "../targets/scores.ts";
import type { SecretsByServer } from "../targets/secrets.ts";
import { worseCode } from "../thresholds/result.ts";
import { differencesText, lastSetup, noOtherSetup, setupDifferences, withSession } from "../targets/setup-diff.ts";
import type { BenchOptions } from "./choices.ts";
import type { BENCH } from "./options.ts";
import { type Wanted, reportAtEnd, wantedOf } from "./report.ts";
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
  const manifest = await readManifest(dir);
  const names = manifest.images.map((i) => i.name);
  const { images, infos } = await photographs(resolve(repoRoot, manifest.photographs), names);
  const changed = infos.filter((i) => manifest.images.find((m) => m.name === i.name)?.sha256 !== i.sha256);
  if (changed.length > 0)
    throw new UserError({
      what: `${dir}: photographs that changed since the run began: ${changed.map((c) => c.name).join(", ")}`,
      expected: "the photographs the run began with",
      fix: "start a new run: npx lathe bench",
    });
  const bundle = await bundleAgent();
  const now = await setupNow(manifest, bundle);
  const before = lastSetup(manifest);
  const differences = setupDifferences(before, now, manifest.cells);
  noOtherSetup(basename(dir), before, differences, acceptChanges);
  if (differences.length > 0) say(`Since this run was measured last: ${differencesText(differences)}`);
  const secrets = await secretsOf(manifest, options);
  return measure(dir, manifest, images, bundle, wanted, secrets, async (fromRound) => {
    if (differences.length > 0) await writeManifest(dir, withSession(manifest, now, fromRound, differences));
  });
}

/** How fast the machines are, as they are now; undefined if that was left out. */
export async function scoresOf({ machines }: Deployed, { score }: BenchOptions) {
  if (!score) return undefined;
  const steps = progress();
  steps.step(`Scores of ${count(machines.length, "machine")}`);
  const scores = await machineScores(machines);
  steps.done();
  return scores;
}

/** Fetches and decodes the photographs of a run. */
export async function photographs(list: string, names: readonly string[]) {
  const steps = progress();
  steps.step("Photographs");
  const numbers = names.map((name) => Number(name.replace("image-", "")));
  const loaded = await loadImages({ photographs: list, images: numbers }, steps);
  steps.done(`${loaded.images.length} ready`);
  return loaded;
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
  steps.step(`Measuring ${manifest.cells.length} cells, run ${manifest.id}`);
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

function countEnds(ends: ReadonlyMap<string, CellEnd>): string {
  const count = (end: CellEnd) => [...ends.values()].filter((e) => e === end).length;
  return `${count("precision")} cells are as precise as asked for, ${count("requests")} have all their calls, ${count("budget")} ended with the time budget, ${count("failed")} failed`;
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
