import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { repoRoot } from "../../lib/paths.ts";

interface Measured {
  readonly records: number;
  readonly bytes: number;
  readonly page: number;
  readonly cpuSeconds: number;
  readonly mebibytes: number;
  readonly goal: { readonly seconds: number; readonly mebibytes: number };
}

describe("the report of a large run", () => {
  // A twentieth of the million that `npm run bench:records -- --check` holds. By processor time, for others may be at work.
  it("takes no more time and memory than its share of the goal", async () => {
    const args = ["cli/main.ts", "selfbench", "records", "--records", "50000", "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: repoRoot });
    const { runs } = JSON.parse(stdout) as { runs: Measured[] };
    expect(runs.map((r) => r.records)).toEqual([5000, 50_000]);
    for (const run of runs) {
      expect(run.bytes).toBeGreaterThan(200 * run.records);
      expect(run.page).toBeGreaterThan(100_000);
      expect(run.cpuSeconds).toBeGreaterThan(0.1);
      expect(run.cpuSeconds).toBeLessThan(run.goal.seconds);
      expect(run.mebibytes).toBeGreaterThan(50);
      expect(run.mebibytes).toBeLessThan(run.goal.mebibytes);
    }
    // Read as it streams: ten times the records are not ten times the memory.
    expect(runs[1]?.mebibytes).toBeLessThan(3 * (runs[0]?.mebibytes ?? 0));
  }, 300_000);
});
