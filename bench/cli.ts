import { basename, join, resolve } from "node:path";
import { runCommand } from "../lib/cli.ts";
import { UserError } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import { formatSeconds, progress } from "../lib/progress.ts";
import { type SecretsByRole, readSecrets } from "./targets/secrets.ts";
import { bundleAgent } from "./run/agent/bundle.ts";
import { compareCommand } from "./compare/command.ts";
import { sayHowToGoOn } from "./command/signals.ts";
import { type RunManifest, readManifest, writeManifest } from "./records/manifest.ts";
import { type BenchOptions, SPEC, benchOptions, noMoreOperands, share } from "./command/options.ts";
import { earlierCalls, forecast, roughCallMs } from "./plan/forecast.ts";
import { keepPhotographs } from "./records/photographs.ts";
import { formatPlan, planAsJson } from "./plan/plan-text.ts";
import { loadImages, newManifest, planMatrix } from "./plan/plan-matrix.ts";
import { renderSections, reportJson } from "./report/index.ts";
import { loadReport } from "./report/load.ts";
import { renderText } from "./report/render/text.ts";
import { writeReport } from "./report/write.ts";
import { runDir } from "./records/find-run.ts";
import type { CellEnd, RunStatus } from "./run/rounds.ts";
import { listRuns, makeRunDir, runSession } from "./run/session.ts";
import { differencesText, lastSetup, noOtherSetup, setupDifferences, withSession } from "./targets/setup-diff.ts";
import { setupNow } from "./targets/read-setup.ts";
import { pulumiCli, readDeployments, readOutputFiles } from "./targets/deployments.ts";
import { noUnreadOptions, verbOf } from "./command/verbs.ts";

/** Where the command was typed: npm runs it in the project's own folder. */
const HERE = process.env["INIT_CWD"] ?? process.cwd();

await runCommand(SPEC, async (values, operands, given) => {
  const [verb, named] = operands;
  noUnreadOptions(verbOf(verb, values.resume === true), given);
  const options = benchOptions(values);
  const runs = resolve(repoRoot, values.runs ?? "runs");
  const json = values.json === true;
  if (verb !== "compare") noMoreOperands(operands, verb === "tables" || verb === "report" ? 2 : 1);
  if (verb === "plan") return printPlan(runs, options, json);
  if (verb === "compare") return compare(runs, operands.slice(1), values);
  if (verb === "tables") return printTables(await runDir(runs, named, HERE), json);
  if (verb === "report") return report(await runDir(runs, named, HERE), json);
  if (values.resume === true)
    return resume(await runDir(runs, verb, HERE), options, json, values["accept-changes"] === true);
  if (verb !== undefined)
    throw new UserError({
      what: `unknown operand "${verb}"`,
      expected: SPEC.operands ?? "",
      fix: `${SPEC.name} --help`,
    });
  return begin(runs, options, json);
});

async function deploymentsOf(options: BenchOptions) {
  return options.outputs === undefined
    ? readDeployments(await pulumiCli(), options.stacks)
    : readOutputFiles(options.outputs);
}

/** What protected servers ask of clients. A run that goes on asks again: nothing of it is written down. */
function secretsOf(deployments: RunManifest["deployments"], options: BenchOptions) {
  return readSecrets(deployments, () => (options.outputs === undefined ? pulumiCli() : null));
}

async function printPlan(runs: string, options: BenchOptions, json: boolean): Promise<number> {
  const deployments = await deploymentsOf(options);
  const matrix = await planMatrix(deployments, options);
  const names = await listRuns(runs);
  const dirs = names.map((name) => join(runs, name));
  const earlier = await earlierCalls(dirs, matrix.cells);
  const models = Object.fromEntries(deployments.flatMap((d) => d.models.map((m) => [m.name, m])));
  const estimate = forecast(matrix.cells, options.limits, (cell) => {
    const callMs = earlier?.callMs.get(cell.id);
    return { callMs: callMs ?? roughCallMs(cell, models), fromRecords: callMs !== undefined };
  });
  const from = earlier?.dir;
  if (json) process.stdout.write(`${JSON.stringify(planAsJson(matrix, options.limits, estimate, from), null, 2)}\n`);
  else process.stderr.write(`${formatPlan(matrix, options.limits, estimate, from)}\n`);
  return 0;
}

async function begin(runs: string, options: BenchOptions, json: boolean): Promise<number> {
  const deployments = await deploymentsOf(options);
  const matrix = await planMatrix(deployments, options);
  for (const note of matrix.notes) process.stderr.write(`${note}\n`);
  const used = new Set(matrix.cells.map((c) => c.image));
  const steps = progress();
  steps.step("Photographs");
  const ids = [...used].map((name) => Number(name.replace("image-", "")));
  const { images, infos } = await loadImages({ photographs: options.photographs, images: ids }, steps);
  steps.done(`${images.length} ready`);
  const secrets = await secretsOf(deployments, options);
  const bundle = await bundleAgent();
  let first: string | undefined;
  let code = 0;
  for (let n = 1; n <= options.repeat; n++) {
    const { id, dir } = await makeRunDir(runs, new Date());
    const manifest = {
      ...(await newManifest(id, deployments, infos, options, matrix, bundle)),
      ...(first === undefined ? {} : { repeats: first }),
    };
    first ??= id;
    await writeManifest(dir, manifest);
    code = Math.max(code, await measure(dir, manifest, images, bundle, json && n === options.repeat, secrets));
  }
  return code;
}

async function resume(dir: string, options: BenchOptions, json: boolean, acceptChanges: boolean): Promise<number> {
  const manifest = await readManifest(dir);
  const ids = manifest.images.map((i) => Number(i.name.replace("image-", "")));
  const steps = progress();
  steps.step("Photographs");
  const { images, infos } = await loadImages({ photographs: manifest.photographs, images: ids }, steps);
  steps.done(`${images.length} ready`);
  const changed = infos.filter((i) => manifest.images.find((m) => m.name === i.name)?.sha256 !== i.sha256);
  if (changed.length > 0)
    throw new UserError({
      what: `${dir}: ${changed.map((c) => c.name).join(", ")} changed since the run began`,
      expected: "the photographs the run began with",
      fix: "start a new run: npm run bench",
    });
  const bundle = await bundleAgent();
  const now = await setupNow(manifest, bundle);
  const before = lastSetup(manifest);
  const differences = setupDifferences(before, now, manifest.cells);
  noOtherSetup(basename(dir), before, differences, acceptChanges);
  if (differences.length > 0) note(`Since this run was measured last: ${differencesText(differences)}`);
  const secrets = await secretsOf(manifest.deployments, options);
  return measure(dir, manifest, images, bundle, json, secrets, async (fromRound) => {
    if (differences.length > 0) await writeManifest(dir, withSession(manifest, now, fromRound, differences));
  });
}

async function measure(
  dir: string,
  manifest: RunManifest,
  images: Parameters<typeof runSession>[2],
  bundle: Parameters<typeof runSession>[3],
  json: boolean,
  secrets: SecretsByRole,
  onBegin?: Parameters<typeof runSession>[6],
): Promise<number> {
  const steps = progress();
  steps.step(`Measuring ${manifest.cells.length} cells, run ${manifest.id}`);
  const onStatus = (s: RunStatus) =>
    steps.note(
      `${s.visitsDone} visits done, ${s.visitsLeft} to come, ${formatSeconds(s.secondsLeft)} left; ` +
        `${s.cell.model} on ${s.cell.serverRole}${s.failedCells > 0 ? `; ${s.failedCells} cells failed` : ""}`,
    );
  await keepPhotographs(dir, images);
  const calm = sayHowToGoOn(dir);
  const { ends, repairedBytes } = await runSession(dir, manifest, images, bundle, onStatus, secrets, onBegin);
  calm();
  steps.done(countEnds(ends));
  if (repairedBytes > 0) process.stderr.write(`Cut off a torn last record of ${repairedBytes} bytes.\n`);
  await printTables(dir, json, { write: true });
  const failed = [...ends.values()].filter((e) => e === "failed").length;
  return failed === 0 ? 0 : 1;
}

function countEnds(ends: ReadonlyMap<string, CellEnd>): string {
  const count = (end: CellEnd) => [...ends.values()].filter((e) => e === end).length;
  return `${count("precision")} cells are as precise as asked for, ${count("requests")} have all their calls, ${count("budget")} ended with the time budget, ${count("failed")} failed`;
}

/** Prints the report of a run's folder as text, and on request writes it there in every form. */
async function printTables(dir: string, json: boolean, { write } = { write: false }): Promise<number> {
  const inputs = await loadReport(dir, note);
  const sections = await renderSections(inputs);
  const data = await reportJson(inputs);
  process.stderr.write(`\n${renderText(sections)}\n`);
  if (json) process.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
  if (!write) return 0;
  const written = await writeReport(dir, inputs, sections, data);
  note(`\nKept in ${dir}: run.json, records.jsonl, answers.jsonl, ${written.join(", ")}`);
  note(`The report: ${join(dir, "report.html")}`);
  return 0;
}

/** Writes the report of a run into its folder and says where. */
async function report(dir: string, json: boolean): Promise<number> {
  const inputs = await loadReport(dir, note);
  const data = await reportJson(inputs);
  const written = await writeReport(dir, inputs, await renderSections(inputs), data);
  for (const name of written) note(join(dir, name));
  if (json) process.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
  return 0;
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Says which of two runs is faster; the exit code is the verdict. */
async function compare(runs: string, names: readonly string[], values: CompareValues): Promise<number> {
  const [a, b, ...more] = names;
  if (a === undefined || b === undefined || more.length > 0)
    throw new UserError({
      what: `compare: ${names.length} runs`,
      expected: "two: the earlier one and the later one",
      fix: "npm run bench -- compare 2026-11-22T18-00-00Z 2026-11-23T18-00-00Z --threshold 5%",
    });
  const result = await compareCommand(await runDir(runs, a, HERE), await runDir(runs, b, HERE), {
    ...(values.threshold === undefined ? {} : { threshold: share(values.threshold) }),
    strict: values.strict === true,
  });
  process.stderr.write(`${result.text}\n`);
  if (values.json === true) process.stdout.write(`${JSON.stringify(result.json, null, 2)}\n`);
  return result.exitCode;
}

type CompareValues = Readonly<Record<"strict" | "json", boolean | undefined> & Record<"threshold", string | undefined>>;
