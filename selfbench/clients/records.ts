import { createWriteStream } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { printResult } from "../../lib/cli/result.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { UserError } from "../../lib/errors.ts";
import { latheProgram, repoRoot } from "../../lib/paths.ts";
import { tryRun } from "../../lib/run.ts";
import { RunManifest } from "../../bench/records/manifest.ts";
import { sampleCalls, sampleManifest } from "../../bench/testing/sample-run.ts";
import { RECORDS } from "../options.ts";

/** The goal: a run of so many records is reported within this time and memory. */
const GOAL = { records: 1_000_000, seconds: 60, mebibytes: 1024 };

/** The goal for a run of as many records as the demo's. */
const SMALL = { records: 5_000, seconds: 5, mebibytes: 384 };

/** The goal for any number of records: on the straight line through those two. */
function goalFor(records: number): typeof GOAL {
  const share = Math.max(0, (records - SMALL.records) / (GOAL.records - SMALL.records));
  const between = (key: "seconds" | "mebibytes") => SMALL[key] + share * (GOAL[key] - SMALL[key]);
  return { records, seconds: between("seconds"), mebibytes: between("mebibytes") };
}

/** `lathe selfbench records`. */
export async function benchRecords(values: Values<typeof RECORDS>): Promise<number> {
  const { records } = values;
  const runs = [await measured(SMALL.records, SMALL), await measured(records, goalFor(records))];
  printResult(RECORDS.json, values.json, runs.map(measuredText).join("\n"), { runs });
  return values.check === true && !runs.every((r) => r.met) ? 1 : 0;
}

type Measured = Awaited<ReturnType<typeof measured>>;

function measuredText({ records, bytes, seconds, mebibytes, page, goal, met }: Measured): string {
  return (
    `${records} records (${(bytes / 2 ** 20).toFixed(0)} MiB) reported in ${seconds.toFixed(1)} s and ${mebibytes.toFixed(0)} MiB ` +
    `(a page of ${(page / 2 ** 20).toFixed(1)} MiB): ${met ? "within" : "beyond"} ${goal.seconds.toFixed(0)} s and ${goal.mebibytes.toFixed(0)} MiB`
  );
}

/** Makes a run, reports it, and says how that compares with a goal. */
async function measured(records: number, goal: typeof GOAL) {
  const dir = await mkdtemp(join(tmpdir(), "lathe-million-"));
  try {
    const bytes = await writeRun(dir, records);
    const taken = await timed("report", dir);
    const page = (await stat(join(dir, "report.html"))).size;
    const met = taken.seconds <= goal.seconds && taken.mebibytes <= goal.mebibytes;
    return { records, bytes, page, ...taken, goal, met };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Writes a run's folder. @returns the size of its records in bytes */
async function writeRun(dir: string, count: number): Promise<number> {
  const manifest = sampleManifest();
  await writeFile(join(dir, "run.json"), JSON.stringify(RunManifest.parse(manifest)));
  await writeFile(join(dir, "answers.jsonl"), "");
  const path = join(dir, "records.jsonl");
  const lines = function* () {
    for (const call of sampleCalls(manifest.cells, count)) yield `${JSON.stringify(call)}\n`;
  };
  await pipeline(lines, createWriteStream(path));
  return (await stat(path)).size;
}

/** A module that prints, when its process ends, the time and memory that the kernel counted, in one line. */
const USAGE = `process.on("exit", () => process.stderr.write("\\n" + JSON.stringify(process.resourceUsage())))`;

/** Runs `lathe`. @returns its time, and the most memory that it had. @throws UserError if it fails */
async function timed(...argv: string[]): Promise<{ seconds: number; cpuSeconds: number; mebibytes: number }> {
  const hook = ["--import", `data:text/javascript,${encodeURIComponent(USAGE)}`];
  const startAt = performance.now();
  const { exitCode, stderr } = await tryRun([process.execPath, ...hook, latheProgram, ...argv], { cwd: repoRoot });
  const seconds = (performance.now() - startAt) / 1000;
  if (exitCode !== 0)
    throw new UserError({ what: `lathe ${argv[0]} ended with code ${exitCode}: ${stderr.slice(-500)}` });
  const usage = JSON.parse(stderr.slice(stderr.lastIndexOf("\n"))) as NodeJS.ResourceUsage;
  const cpuSeconds = (usage.userCPUTime + usage.systemCPUTime) / 1e6;
  return { seconds, cpuSeconds, mebibytes: usage.maxRSS / 1024 };
}
