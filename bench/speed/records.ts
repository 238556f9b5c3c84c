import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../lib/cli.ts";
import { UserError } from "../../lib/errors.ts";
import { repoRoot } from "../../lib/paths.ts";
import { RunManifest } from "../manifest.ts";
import { sampleCalls, sampleManifest } from "./sample-run.ts";

/** The goal: a run of so many records is reported within this time and memory. */
const GOAL = { records: 1_000_000, seconds: 60, mebibytes: 1024 };

await runCommand(
  {
    name: "npm run bench:records --",
    summary: "Makes a run of a million records and measures how long, and in how much memory, it is reported.",
    options: {
      records: { type: "string", value: "N", help: "records of the run", default: String(GOAL.records) },
      json: { type: "boolean", help: "print the figures as JSON on stdout" },
      check: { type: "boolean", help: "exit with code 1 where the goal is missed" },
    },
    details: [
      `The goal: ${GOAL.records} records in under ${GOAL.seconds} s and ${GOAL.mebibytes} MiB. The records are made up (three machines, ` +
        "ten photographs, three models, two protocols, as the paper's matrix has them); the command that reads them is the real one, " +
        "in a process of its own.",
    ],
  },
  async (values) => {
    const records = Number(values.records);
    if (!Number.isInteger(records) || records < 1)
      throw new UserError({ what: `--records ${values.records ?? ""}`, expected: "a whole number, 1 or more" });
    const dir = mkdtempSync(join(tmpdir(), "lathe-million-"));
    try {
      const bytes = writeRun(dir, records);
      const { seconds, mebibytes } = await timed([join(repoRoot, "bench/cli.ts"), "tables", dir]);
      const met = seconds <= GOAL.seconds && mebibytes <= GOAL.mebibytes;
      const figures = { records, bytes, seconds, mebibytes, goal: GOAL, met };
      process.stderr.write(
        `${records} records (${(bytes / 2 ** 20).toFixed(0)} MiB) reported in ${seconds.toFixed(1)} s and ${mebibytes.toFixed(0)} MiB: ` +
          `${met ? "within" : "beyond"} ${GOAL.seconds} s and ${GOAL.mebibytes} MiB\n`,
      );
      if (values.json === true) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
      return values.check === true && !met ? 1 : 0;
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
);

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
function timed(argv: readonly string[]): Promise<{ seconds: number; mebibytes: number }> {
  const startAt = performance.now();
  const child = spawn(process.execPath, argv, { cwd: repoRoot, stdio: ["ignore", "ignore", "pipe"] });
  const said: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (s: string) => said.push(s));
  let mebibytes = 0;
  const look = setInterval(() => {
    try {
      // The high-water mark only grows, so the last look before the end is the whole truth but for its last moments.
      const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
      mebibytes = Math.max(mebibytes, Number(kib ?? 0) / 1024);
    } catch {
      return; // it has ended
    }
  }, 50);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(look);
      if (code === 0) resolve({ seconds: (performance.now() - startAt) / 1000, mebibytes });
      else reject(new Error(`the report ended with code ${code}: ${said.join("").slice(-500)}`));
    });
  });
}
