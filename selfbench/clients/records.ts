import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { printResult } from "../../lib/cli/result.ts";
import type { Values } from "../../lib/cli/spec.ts";
import { latheProgram, repoRoot } from "../../lib/paths.ts";
import { RunManifest } from "../../bench/records/manifest.ts";
import { sampleCalls, sampleManifest } from "../../bench/testing/sample-run.ts";
import { RECORDS } from "../options.ts";

/** The goal: a run of so many records is reported within this time and memory. */
const GOAL = { records: 1_000_000, seconds: 60, mebibytes: 1024 };

/** As many as the demo's run has, and the goal for its report. */
const SMALL = { records: 5_000, seconds: 5, mebibytes: 384 };

/** The goal for any number of records: on the line between those two. */
function goalFor(records: number): typeof GOAL {
  const share = Math.max(0, (records - SMALL.records) / (GOAL.records - SMALL.records));
  const between = (key: "seconds" | "mebibytes") => SMALL[key] + share * (GOAL[key] - SMALL[key]);
  return { records, seconds: between("seconds"), mebibytes: between("mebibytes") };
}

/** `lathe selfbench records`. */
export async function benchRecords(values: Values<typeof RECORDS>): Promise<number> {
  const { records } = values;
  const runs = [await measured(SMALL.records, SMALL), await measured(records, goalFor(records))];
  printResult(
    RECORDS.json,
    values.json,
    () => runs.map(measuredText).join("\n"),
    () => ({ runs }),
  );
  return values.check === true && !runs.every((r) => r.met) ? 1 : 0;
}

type Measured = Awaited<ReturnType<typeof measured>>;

function measuredText({ records, bytes, seconds, mebibytes, page, goal, met }: Measured): string {
  return (
    `${records} records (${(bytes / 2 ** 20).toFixed(0)} MiB) reported in ${seconds.toFixed(1)} s and ${mebibytes.toFixed(0)} MiB ` +
    `(a page of ${(page / 2 ** 20).toFixed(1)} MiB): ${met ? "within" : "beyond"} ${goal.seconds.toFixed(0)} s and ${goal.mebibytes.toFixed(0)} MiB`
  );
}

/** Makes a run of so many records, reports it, and says how that compares with a goal. */
async function measured(records: number, goal: typeof GOAL) {
  const dir = mkdtempSync(join(tmpdir(), "lathe-million-"));
  try {
    const bytes = writeRun(dir, records);
    const { seconds, cpuSeconds, mebibytes } = await timed([latheProgram, "report", dir]);
    const page = statSync(join(dir, "report.html")).size;
    const met = seconds <= goal.seconds && mebibytes <= goal.mebibytes;
    return { records, bytes, page, seconds, cpuSeconds, mebibytes, goal, met };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Writes a whole run's folder; returns the size of its records. */
function writeRun(dir: string, records: number): number {
  const manifest = sampleManifest();
  writeFileSync(join(dir, "run.json"), JSON.stringify(RunManifest.parse(manifest)));
  writeFileSync(join(dir, "answers.jsonl"), "");
  const fd = openSync(join(dir, "records.jsonl"), "w");
  let bytes = 0;
  let text = "";
  const flush = () => {
    bytes += writeSync(fd, text);
    text = "";
  };
  for (const call of sampleCalls(manifest.cells, records)) {
    text += `${JSON.stringify(call)}\n`;
    if (text.length > 1 << 20) flush();
  }
  flush();
  closeSync(fd);
  return bytes;
}

/** Runs a program of this checkout and takes its time and the most memory that it had, as the kernel saw it. */
function timed(argv: readonly string[]): Promise<{ seconds: number; cpuSeconds: number; mebibytes: number }> {
  const startAt = performance.now();
  const child = spawn(process.execPath, argv, { cwd: repoRoot, stdio: ["ignore", "ignore", "pipe"] });
  const said: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (s: string) => said.push(s));
  let [mebibytes, cpuSeconds] = [0, 0];
  const look = setInterval(() => {
    try {
      // The high-water mark only grows, so the last look before the end is the whole truth but for its last moments.
      const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
      mebibytes = Math.max(mebibytes, Number(kib ?? 0) / 1024);
      // User and system time in hundredths of a second, the 14th and 15th field; the 2nd is a name in parentheses.
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      cpuSeconds = Math.max(cpuSeconds, (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100);
    } catch {
      return; // it has ended
    }
  }, 50);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(look);
      if (code === 0) resolve({ seconds: (performance.now() - startAt) / 1000, cpuSeconds, mebibytes });
      else reject(new Error(`the report ended with code ${code}: ${said.join("").slice(-500)}`));
    });
  });
}
