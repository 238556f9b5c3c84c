import { join, resolve } from "node:path";
import { runCommand } from "../lib/cli.ts";
import { writeAtomic } from "../lib/cached.ts";
import { UserError } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import { formatSeconds, progress } from "../lib/progress.ts";
import { bundleAgent } from "./agent/bundle.ts";
import { compareCommand } from "./compare/command.ts";
import { formatConditions, readConditions } from "./conditions.ts";
import { type RunManifest, readManifest, writeManifest } from "./manifest.ts";
import { type BenchOptions, SPEC, benchOptions, share } from "./options.ts";
import { earlierCalls, forecast, roughCallMs } from "./forecast.ts";
import { diskFault } from "./jsonl.ts";
import { formatPlan, planAsJson } from "./plan-text.ts";
import { loadImages, newManifest, planMatrix } from "./prepare.ts";
import { formatRun, tablesAsJson } from "./report/index.ts";
import type { CellEnd, RunStatus } from "./run.ts";
import { listRuns, makeRunDir, runSession } from "./session.ts";
import { pulumiCli, readDeployments, readOutputFiles } from "./stacks.ts";
import { loadStudy } from "./stats/study.ts";
import { summariesOf } from "./summary.ts";

await runCommand(SPEC, async (values, operands) => {
  const options = benchOptions(values);
  const runs = resolve(repoRoot, values.runs ?? "runs");
  const [verb, named] = operands;
  const json = values.json === true;
  if (verb === "plan") return printPlan(runs, options, json);
  if (verb === "compare") return compare(runs, operands.slice(1), values);
  if (verb === "tables") return printTables(await runDir(runs, named), json);
  if (values.resume === true) return resume(await runDir(runs, verb), json);
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
  const bundle = await bundleAgent();
  const { id, dir } = await makeRunDir(runs, new Date());
  const manifest = await newManifest(id, deployments, infos, options, matrix, bundle);
  await writeManifest(dir, manifest);
  return measure(dir, manifest, images, bundle, json);
}

async function resume(dir: string, json: boolean): Promise<number> {
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
  return measure(dir, manifest, images, await bundleAgent(), json);
}

async function measure(
  dir: string,
  manifest: RunManifest,
  images: Parameters<typeof runSession>[2],
  bundle: Parameters<typeof runSession>[3],
  json: boolean,
): Promise<number> {
  const steps = progress();
  steps.step(`Measuring ${manifest.cells.length} cells, run ${manifest.id}`);
  const onStatus = (s: RunStatus) =>
    steps.note(
      `${s.visitsDone} visits done, ${s.visitsLeft} to come, ${formatSeconds(s.secondsLeft)} left; ` +
        `${s.cell.model} on ${s.cell.serverRole}${s.failedCells > 0 ? `; ${s.failedCells} cells failed` : ""}`,
    );
  const { ends, repairedBytes } = await runSession(dir, manifest, images, bundle, onStatus);
  steps.done(countEnds(ends));
  if (repairedBytes > 0) process.stderr.write(`Cut off a torn last record of ${repairedBytes} bytes.\n`);
  await printTables(dir, json);
  const failed = [...ends.values()].filter((e) => e === "failed").length;
  return failed === 0 ? 0 : 1;
}

function countEnds(ends: ReadonlyMap<string, CellEnd>): string {
  const count = (end: CellEnd) => [...ends.values()].filter((e) => e === end).length;
  return `${count("precision")} cells are as precise as asked for, ${count("requests")} have all their calls, ${count("budget")} ended with the time budget, ${count("failed")} failed`;
}

async function printTables(dir: string, json: boolean): Promise<number> {
  const path = join(dir, "records.jsonl");
  const study = await loadStudy(dir);
  const { manifest } = study;
  const conditions = await readConditions(path, (characters) =>
    process.stderr.write(
      `${path}: the last line is torn (${characters} characters) and left out: the run was killed, or goes on\n`,
    ),
  );
  const summaries = summariesOf(study.data);
  const text = [formatRun(manifest, summaries, study), formatConditions(conditions)]
    .filter((t) => t !== "")
    .join("\n\n");
  const tables = { ...tablesAsJson(manifest, summaries, study), conditions: [...conditions.values()] };
  const data = `${JSON.stringify(tables, null, 2)}\n`;
  process.stderr.write(`\n${text}\n`);
  if (json) process.stdout.write(data);
  await keep(join(dir, "tables.md"), `${text}\n`);
  await keep(join(dir, "tables.json"), data);
  process.stderr.write(`\nKept in ${dir}: run.json, records.jsonl, answers.jsonl, tables.md, tables.json\n`);
  return 0;
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
  const result = await compareCommand(await runDir(runs, a), await runDir(runs, b), {
    ...(values.threshold === undefined ? {} : { threshold: share(values.threshold) }),
    strict: values.strict === true,
  });
  process.stderr.write(`${result.text}\n`);
  if (values.json === true) process.stdout.write(`${JSON.stringify(result.json, null, 2)}\n`);
  return result.exitCode;
}

type CompareValues = Readonly<Record<"strict" | "json", boolean | undefined> & Record<"threshold", string | undefined>>;

/** Writes a file of a run; a full disk is told as such, after what was to be printed was printed. */
async function keep(path: string, content: string): Promise<void> {
  await writeAtomic(path, content).catch((error: unknown) => {
    throw diskFault(path, error);
  });
}

async function runDir(root: string, named: string | undefined): Promise<string> {
  const name = named ?? (await listRuns(root)).at(-1);
  if (name === undefined) throw new UserError({ what: `${root}: no runs yet`, fix: "npm run bench" });
  return resolve(root, name);
}
