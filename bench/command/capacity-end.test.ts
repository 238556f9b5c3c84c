import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { capacityResults } from "../capacity/result.ts";
import { loadReport } from "../report/load.ts";
import { writeSampleRun } from "../testing/report.ts";
import { reportCapacity } from "./capacity.ts";

// Reading a run and writing its report takes seconds where a neighbour is busy.
vi.setConfig({ testTimeout: 120_000 });
vi.mock("../capacity/result.ts", async (original) => {
  const real = await original<Record<string, unknown> & { capacityResults: typeof capacityResults }>();
  return { ...real, capacityResults: vi.fn(real.capacityResults) };
});
vi.mock("../report/load.ts", async (original) => {
  const real = await original<{ loadReport: typeof loadReport }>();
  return { loadReport: vi.fn(real.loadReport) };
});

let dir: string;
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(dir, { recursive: true, force: true });
});

it("the end of `lathe capacity` reads its run once, for what it prints and for the report's files", async () => {
  dir = await mkdtemp(join(tmpdir(), "lathe-capacity-"));
  const manifest = await writeSampleRun(dir, {});
  const capacity = { slo: "p95 < 200 ms", precision: 0.05, mode: "poisson", targets: [] };
  await writeFile(join(dir, "run.json"), JSON.stringify({ ...manifest, capacity }));
  const written = { stdout: "", stderr: "" };
  for (const to of ["stdout", "stderr"] as const)
    vi.spyOn(process[to], "write").mockImplementation((text) => {
      written[to] += String(text);
      return true;
    });
  await reportCapacity(dir, false, true);
  expect(written.stderr).toContain("report.html");
  expect(written.stdout).toContain("Steps: what each rate that was tried showed");
  expect(vi.mocked(capacityResults)).toHaveBeenCalledTimes(1);
  expect(vi.mocked(loadReport)).toHaveBeenCalledTimes(1);
});
