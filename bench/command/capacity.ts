import { basename } from "node:path";
import { constants } from "node:os";
import type { Values } from "../../lib/cli/spec.ts";
import { documentText } from "../../lib/clean.ts";
import { UserError } from "../../lib/errors.ts";
import { print, say } from "../../lib/output.ts";
import { formatSeconds, progress } from "../../lib/progress.ts";
import { onSignals } from "../../lib/signals.ts";
import { type CapacityStatus, findCapacities } from "../capacity/find.ts";
import { exitOf, stepsIn } from "../capacity/result.ts";
import { sloOf } from "../capacity/slo.ts";
import { targetsOf } from "../capacity/targets.ts";
import { CAPACITY_SCHEMA } from "../format/schemas.ts";
import type { Cell } from "../matrix/cell.ts";
import { planMatrix } from "../plan/plan-matrix.ts";
import { type RunManifest, writeManifest } from "../records/manifest.ts";
import { keepPhotographs } from "../records/photographs.ts";
import { makeRunDir } from "../records/run-folders.ts";
import { renderText } from "../report/render/text.ts";
import { capacityDocument, summaryTable } from "../report/sections/capacity.ts";
import { bundleAgent } from "../run/agent/bundle.ts";
import { newManifest } from "../run/new-manifest.ts";
import { inSession } from "../run/session.ts";
import { serversBeside } from "../targets/beside/servers-beside.ts";
import { type BenchOptions, benchOptions } from "./choices.ts";
import type { CAPACITY } from "./options.ts";
import { writeRunReport } from "./report.ts";
import { scoresOf } from "./run.ts";
import { type RunAgain, photographs, runAgain } from "./run-again.ts";
import { deployedNow, runNamed, runsFolder, secretsOf } from "./targets.ts";

/**
 * `lathe capacity`: searches the highest rate that meets an SLO, for each client machine, server, client kind and model. With `--resume`
 * it goes on with a run's searches. @returns the exit code
 */
export async function findCapacity(values: Values<typeof CAPACITY>, named: string | undefined): Promise<number> {
  const options = benchOptions({
    ...values,
    precision: undefined,
    requests: undefined,
    block: undefined,
    warmup: undefined,
  });
  const shown = { json: values.json === true, full: values.full === true };
  if (values.resume !== true) return begin(values, options, shown);
  return resume(await runNamed(values.runs, named), options, values["accept-changes"] === true, shown);
}

/** How what was found is shown. */
interface Shown {
  readonly json: boolean;
  readonly full: boolean;
}

async function begin(values: Values<typeof CAPACITY>, options: BenchOptions, shown: Shown): Promise<number> {
  const { slo, load: mode, precision } = values;
  const deployed = await deployedNow(options);
  const matrix = await planMatrix(deployed, options);
  const targets = targetsOf(matrix.cells);
  const { images, infos } = await photographs(options.photographs, [...new Set(targets.map((t) => t.image))]);
  const [secrets, bundle] = [await secretsOf(deployed, options), await bundleAgent()];
  const { id, dir } = await makeRunDir(runsFolder(values.runs), new Date());
  const asked = { ...options, beside: await serversBeside(deployed, targets) };
  const planned = await newManifest(id, deployed, infos, asked, { ...matrix, cells: targets }, bundle);
  const scores = await scoresOf(deployed, options);
  const manifest: RunManifest = {
    ...planned,
    ...(scores === undefined ? {} : { scores }),
    cells: [],
    capacity: { slo: slo.text, precision, mode, targets },
  };
  await writeManifest(dir, manifest);
  await keepPhotographs(dir, images);
  return search(dir, { manifest, images, bundle, secrets, noteSession: () => Promise.resolve(manifest) }, shown);
}

async function resume(dir: string, options: BenchOptions, acceptChanges: boolean, shown: Shown): Promise<number> {
  const again = await runAgain(dir, "capacity", options, acceptChanges, ({ capacity }) => capacity?.targets ?? []);
  return search(dir, again, shown);
}

/** Makes the steps that are left, and reports what was found. */
async function search(dir: string, again: RunAgain, { json, full }: Shown): Promise<number> {
  const { manifest, images, bundle, secrets } = again;
  const { mode, targets, precision } = manifest.capacity ?? {};
  const slo = sloOf(manifest.capacity?.slo ?? "");
  if (mode === undefined || targets === undefined || precision === undefined || slo === undefined)
    throw new UserError({
      what: `${dir}: its run.json does not say what is searched: an earlier Lathe began this run`,
      fix: "start a new run: npx lathe capacity",
    });
  const steps = progress();
  const searches = `${targets.length} ${targets.length === 1 ? "search" : "searches"}`;
  steps.step(`Run ${manifest.id}: ${searches} for the highest rate with ${slo.text}`);
  const calm = sayWhatItHad(dir);
  await inSession(dir, { ...manifest, cells: targets }, images, bundle, secrets, async (inputs) => {
    const noted = await again.noteSession(inputs.firstRound);
    const cells = [...noted.cells];
    return findCapacities(inputs, {
      ...{ targets, mode, precision, timeoutMs: manifest.limits.timeoutMs, budgetMs: manifest.limits.budgetMs },
      options: (target) => ({ slo, precision, busyConnections: busyConnections(manifest, target) }),
      earlier: { cells: [...cells], steps: await stepsIn(dir) },
      onStatus: (status) => steps.note(statusText(status)),
      async keep(cell) {
        cells.push(cell);
        await writeManifest(dir, { ...noted, cells });
      },
    });
  });
  calm();
  steps.done();
  return reportCapacity(dir, json, full);
}

/** Prints what a run's searches have found, and writes its report. @returns the exit code */
export async function reportCapacity(dir: string, json: boolean, full: boolean): Promise<number> {
  const { run, files } = await writeRunReport(dir);
  const found = run.inputs.capacity;
  if (found === undefined) throw new Error(`${dir}: no run of searches`);
  say(`Kept in ${dir}: run.json, records.jsonl, answers.jsonl, ${files.join(", ")}`);
  const own = { id: "capacity", title: `Capacity: ${found.slo.text}`, short: "Capacity" };
  (json ? say : print)(renderText(full ? run.sections : [{ ...own, blocks: [summaryTable(found)] }]));
  if (json) print(documentText({ schema: CAPACITY_SCHEMA, run: basename(dir), ...capacityDocument(found) }));
  return exitOf(found.results);
}

/** Connections of the closed loop that keeps a server busy: two for each CPU that its machine may use, and two more. */
function busyConnections({ machines }: RunManifest, { serverMachine }: Cell): number {
  const cpus = machines.find((m) => m.id === serverMachine)?.facts.cpu.allowed.length ?? 1;
  return Math.min(MOST_BUSY, 2 * cpus + 2);
}
const MOST_BUSY = 64;

/** Progress in words: how many searches have ended, the time left, which search makes a step, and what it has found. Pure. */
export function statusText({ searches, now, next, secondsLeft }: CapacityStatus): string {
  const ended = searches.filter((s) => s.search.next === undefined).length;
  const mine = searches.find((s) => s.target.id === now.id)?.search;
  const own = mine?.capacity;
  const tries = next.ratePerSecond === undefined ? "a closed loop" : `${next.ratePerSecond}/s`;
  const known =
    own?.interval == null
      ? ""
      : `, capacity ${own.interval.low.toPrecision(3)} to ${own.interval.high.toPrecision(3)}/s so far`;
  const again = mine?.uncounted === undefined ? "" : ` (the last step does not count: ${mine.uncounted})`;
  return (
    `${ended} of ${searches.length} ended, about ${formatSeconds(secondsLeft)} left; ${now.model} on ${now.server} ` +
    `over ${now.protocol}: trying ${tries}${known}${again}`
  );
}

/** On a signal, prints what was found until then and ends this process; every record is on disk. @returns a function that undoes this */
function sayWhatItHad(dir: string): () => void {
  return onSignals(["SIGINT", "SIGTERM", "SIGHUP"], (signal) => {
    const end = () => process.exit(128 + constants.signals[signal]);
    say("\nInterrupted. Found so far:");
    const goOn = () => say(`Go on: npx lathe capacity --resume ${basename(dir)}`);
    reportCapacity(dir, false, false).then(goOn, goOn).then(end, end);
  });
}
