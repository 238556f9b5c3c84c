import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { runCommand } from "../lib/cli.ts";
import { writeAtomic } from "../lib/cached.ts";
import { UserError } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import { formatSeconds, progress } from "../lib/progress.ts";
import { formatTable } from "../lib/table.ts";
import { bundleAgent } from "./agent/bundle.ts";
import { type RunManifest, readManifest, writeManifest } from "./manifest.ts";
import { type BenchOptions, SPEC, benchOptions } from "./options.ts";
import { imageNames, loadImages, newManifest, planCells } from "./prepare.ts";
import { readRecords } from "./records.ts";
import { formatRun, tablesAsJson } from "./report/index.ts";
import type { CellEnd, RunStatus } from "./run.ts";
import { listRuns, runSession } from "./session.ts";
import { pulumiCli, readDeployments, readOutputFiles } from "./stacks.ts";
import { summarise } from "./summary.ts";

await runCommand(SPEC, async (values, operands) => {
  const options = benchOptions(values);
  const runs = resolve(repoRoot, values.runs ?? "runs");
  const [verb, named] = operands;
  const json = values.json === true;
  if (verb === "plan") return printPlan(options, json);
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

async function printPlan(options: BenchOptions, json: boolean): Promise<number> {
  const cells = planCells(await deploymentsOf(options), await imageNames(options), options);
  if (json) process.stdout.write(`${JSON.stringify(cells, null, 2)}\n`);
  else {
    const columns = ["client", "server", "client kind", "protocol", "model", "image"].map((title) => ({ title }));
    const rows = cells.map((c) => [c.clientRole, c.serverRole, c.clientKind, c.protocol, c.model, c.image]);
    process.stderr.write(`${formatTable(columns, rows)}\n${cells.length} cells\n`);
  }
  return 0;
}

async function begin(runs: string, options: BenchOptions, json: boolean): Promise<number> {
  const deployments = await deploymentsOf(options);
  const steps = progress();
  steps.step("Photographs");
  const { images, infos } = await loadImages(options, steps);
  steps.done(`${images.length} ready`);
  const bundle = await bundleAgent();
  const id = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(":", "-");
  const dir = join(runs, id);
  await mkdir(dir, { recursive: true });
  const manifest = await newManifest(id, deployments, infos, options, bundle);
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
  const manifest = await readManifest(dir);
  const summaries = await summarise(readRecords(join(dir, "records.jsonl")));
  const text = formatRun(manifest, summaries);
  const data = `${JSON.stringify(tablesAsJson(manifest, summaries), null, 2)}\n`;
  await writeAtomic(join(dir, "tables.md"), `${text}\n`);
  await writeAtomic(join(dir, "tables.json"), data);
  process.stderr.write(`\n${text}\n\nKept in ${dir}: run.json, records.jsonl, answers.jsonl, tables.md, tables.json\n`);
  if (json) process.stdout.write(await readFile(join(dir, "tables.json"), "utf8"));
  return 0;
}

async function runDir(root: string, named: string | undefined): Promise<string> {
  const name = named ?? (await listRuns(root)).at(-1);
  if (name === undefined) throw new UserError({ what: `${root}: no runs yet`, fix: "npm run bench" });
  return resolve(root, name);
}
