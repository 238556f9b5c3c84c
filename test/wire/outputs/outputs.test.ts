import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { HOSTILE, type SampleOptions, writeSampleRun } from "../../../bench/testing/report.ts";
import { latheProgram } from "../../../lib/paths.ts";
import { progress } from "../../../lib/progress.ts";
import { run } from "../../../lib/run.ts";
import { addOn, pythonEnv } from "../../../models/python.ts";

/* What a run writes for CI systems and for Prometheus, read by parsers that are not ours. */

/** What no XML may hold, what ends a part of one, and what ends a line, a label or the whole of OpenMetrics. */
const EVERY_CONTROL =
  `${HOSTILE}]]>&#0;\\"\\n\n# EOF\n\r\u2028\u{1f600}\ud800\ufffe\uffff` +
  String.fromCharCode(...Array.from({ length: 32 }, (_, i) => i), ...Array.from({ length: 33 }, (_, i) => 0x7f + i));

interface Checked {
  readonly junit: {
    readonly wrong: readonly string[];
    readonly cases: number;
    readonly names: number;
    readonly faults: readonly (readonly [kind: string, type: string, text: string])[];
  };
  readonly openmetrics: {
    readonly lines: number;
    readonly families: Readonly<
      Record<
        string,
        { type: string; unit: string; samples: readonly (readonly [string, Record<string, string>, number])[] }
      >
    >;
  };
}

let dir: string;
let python: string;
let packages: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "lathe-outputs-"));
  ({ python } = await pythonEnv(progress()));
  packages = await addOn("prometheus-client", join(import.meta.dirname, "requirements.txt"), progress());
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A made-up run whose thresholds are broken, open and held; its outputs by `lathe report`, checked. */
async function checked(name: string, options: SampleOptions): Promise<Checked> {
  const own = join(dir, name);
  const manifest = await writeSampleRun(own, options);
  const experiments = [{ name: "ci", thresholds: ["p95 < 200 ms", "p95 < 1000 s", "p99.9 < 1 s"] }];
  const cells = manifest.cells.map((cell) => ({ ...cell, experiments: ["ci"] }));
  await writeFile(
    join(own, "run.json"),
    JSON.stringify({ ...manifest, cells, matrix: { file: "bench.yaml", experiments, notes: [] } }),
  );
  const [xml, metrics] = [join(own, "junit.xml"), join(own, "lathe.prom")];
  const asked = ["--junit", xml, "--openmetrics", metrics, "--print"];
  await run([process.execPath, latheProgram, "report", own, ...asked]);
  const env = { ...process.env, PYTHONPATH: packages };
  const printed = await run([python, "-B", join(import.meta.dirname, "check.py"), xml, metrics], { env });
  return JSON.parse(printed) as Checked;
}

it.each<[string, SampleOptions]>([
  ["a plain run", {}],
  ["a run whose servers and names are hostile", { hostile: EVERY_CONTROL }],
])("%s: JUnit XML keeps to what Jenkins, GitLab and Ant read, OpenMetrics to the standard", async (name, options) => {
  const { junit, openmetrics } = await checked(name.replaceAll(" ", "-"), options);
  expect(junit.wrong).toEqual([]);
  // Of two tests of one name GitLab shows the first alone.
  expect(junit.names).toBe(junit.cases);
  expect(new Set(junit.faults.map(([kind]) => kind))).toEqual(new Set(["error", "failure", "skipped"]));
  const [, type, text] = junit.faults.find(([kind]) => kind === "error") ?? [];
  expect(type).toBe("UNAVAILABLE");
  expect(text).toContain(options.hostile === undefined ? "ECONNREFUSED" : "<img src=x");

  const { families, lines } = openmetrics;
  const kinds = Object.entries(families).map(([family, { type: kind, unit }]) => [family, kind, unit]);
  expect(kinds).toEqual([
    ["lathe_run", "info", ""],
    ["lathe_server", "info", ""],
    ["lathe_call_seconds", "summary", "seconds"],
    ["lathe_failed_calls", "counter", ""],
    ["lathe_threshold", "gauge", ""],
  ]);
  const samples = Object.values(families).flatMap((family) => family.samples);
  expect(samples).toHaveLength(lines);
  const models = new Set(samples.flatMap(([, labels]) => labels["model"] ?? []));
  expect(models.size).toBe(3);
  if (options.hostile !== undefined) expect([...models].some((model) => model.includes(HOSTILE))).toBe(true);
});
