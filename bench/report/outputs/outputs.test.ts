import { execFileSync } from "node:child_process";
import { lstat, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DOMParser } from "linkedom";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { repoRoot } from "../../../lib/paths.ts";
import { HOSTILE, type SampleOptions, writeSampleRun } from "../../testing/report.ts";
import { loadReport } from "../load.ts";
import { whole, writeAsked } from "./asked.ts";
import { callsCsv } from "./calls.ts";
import { MOST_LINES, jobSummary } from "./job-summary.ts";
import { junit } from "./junit.ts";
import { openMetrics } from "./openmetrics.ts";
import type { RunReport } from "./output.ts";
import { OUTPUTS } from "./registry.ts";

// Reading a run and comparing it takes seconds where a neighbour is busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

interface Element {
  readonly textContent: string;
  getAttribute(name: string): string | null;
}

/** What of a document is looked at: the parser's own types are of no use to a linter. */
interface Parsed {
  querySelectorAll(selector: string): ArrayLike<Element> & Iterable<Element>;
  querySelector(selector: string): Element | null;
}

let dir: string;
let plain: RunReport;
let hostile: RunReport;

async function sample(name: string, options: SampleOptions, thresholds: readonly string[] = []): Promise<RunReport> {
  const own = join(dir, name);
  const manifest = await writeSampleRun(own, options);
  const experiments = [{ name: "ci", thresholds }];
  const cells = manifest.cells.map((c) => ({ ...c, experiments: ["ci"] }));
  const matrix = { file: "bench.yaml", experiments, notes: [] };
  await writeFile(join(own, "run.json"), JSON.stringify({ ...manifest, cells, matrix }));
  const inputs = await loadReport(own, () => {});
  return { dir: own, inputs, sections: [], json: {} };
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "lathe-outputs-"));
  plain = await sample("2026-11-23T18-00-00Z", {}, ["p95 < 200 ms", "p99.9 < 1 s", "ratio to last run < 1.05"]);
  hostile = await sample("hostile", { hostile: `${HOSTILE}\u0000\u001b[31m\n# EOF` }, ["p95 < 200 ms"]);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe("JUnit XML", () => {
  const parse = (text: string) => new DOMParser().parseFromString(text, "text/xml") as unknown as Parsed;

  it("has a test for each cell and each threshold's group, an error for what failed, skipped for what is not known", () => {
    const page = parse(junit(plain));
    const cells = page.querySelectorAll('testsuite[name="cells"] > testcase');
    expect(cells).toHaveLength(plain.inputs.cells.length);
    expect(page.querySelectorAll("error")).toHaveLength(1);
    expect(page.querySelector("error")?.getAttribute("message")).toMatch(/^UNAVAILABLE: /);
    const results = plain.inputs.thresholds ?? [];
    const of = (outcome: string) => results.filter((r) => r.outcome === outcome).length;
    const judged = page.querySelectorAll('testsuite[name="thresholds"] > testcase');
    expect(judged).toHaveLength(results.length);
    expect(page.querySelectorAll("failure")).toHaveLength(of("broken"));
    expect(page.querySelectorAll("skipped")).toHaveLength(of("inconclusive"));
    expect(of("broken")).toBeGreaterThan(0);
    expect(page.querySelector("testsuites")?.getAttribute("tests")).toBe(String(cells.length + judged.length));
    // Jenkins' xUnit plugin refuses a file whose root says how many are skipped; GitLab shows a fault's text, not its message.
    expect(page.querySelector("testsuites")?.getAttribute("skipped") ?? null).toBeNull();
    const [error] = page.querySelectorAll("error");
    expect(error?.textContent).toBe(error?.getAttribute("message"));
    expect(error?.getAttribute("type")).toBe("UNAVAILABLE");
  });

  it("stays whole, and free of what no XML may hold, whatever a server says", () => {
    const text = junit(hostile);
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    expect(text).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
    expect(text).not.toContain("<script");
    expect(parse(text).querySelectorAll("testcase").length).toBeGreaterThan(hostile.inputs.cells.length);
  });
});

describe("the summary for a CI job", () => {
  it("has sixty lines at most, the finding first, thresholds before tables", () => {
    const text = jobSummary(plain);
    expect(text.split("\n").length - 1).toBeLessThanOrEqual(MOST_LINES);
    expect(text).toMatch(/^## .*fastest.* ms/);
    expect(text.indexOf("### Thresholds")).toBeLessThan(text.indexOf("| median, ms |"));
    expect(text).toMatch(/- ❌ broken: \*\*p95 &lt; 200 ms\*\*/);
    expect(text).toContain("UNAVAILABLE");
  });

  it("is as short where much went wrong, and runs nothing of what a server says", () => {
    const { inputs } = hostile;
    const failure = { code: "X", message: `${HOSTILE}\n`.repeat(50) };
    const summaries = new Map([...inputs.summaries].map(([id, s]) => [id, { ...s, n: 0, failure }]));
    const text = jobSummary({ ...hostile, inputs: { ...inputs, summaries } });
    expect(text.split("\n").length - 1).toBeLessThanOrEqual(MOST_LINES);
    expect(text).not.toContain("<script");
    expect(text).not.toContain("\u001b");
  });
});

describe("calls as CSV", () => {
  it("has a line for each call that was recorded, with its cell's coordinates, as many columns as the head has", async () => {
    const text = await whole(callsCsv(plain));
    const [head = "", ...lines] = text.trimEnd().split("\r\n");
    const records = (await readFile(join(plain.dir, "records.jsonl"), "utf8")).split("\n");
    expect(lines).toHaveLength(records.filter((r) => r.includes('"type":"call"')).length);
    expect(head).toMatch(/^run,cell,placement,link,server,server_kind,protocol,client,model,image,load,/);
    expect(new Set(lines.map((l) => l.split(",").length))).toEqual(new Set([head.split(",").length]));
    const [first] = lines;
    const row = Object.fromEntries(head.split(",").map((name, i) => [name, first?.split(",")[i]]));
    expect(row).toMatchObject({ run: plain.inputs.manifest.id, warmup: "false", ok: "true", round: "0" });
    expect(Number(row["total_ms"])).toBeGreaterThan(0);
  });
});

describe("a visit whose calls did not go over their link", () => {
  it("is marked in every line of the CSV of calls, and no output counts its calls, failed ones neither", async () => {
    const own = join(dir, "void");
    const manifest = await writeSampleRun(own, {});
    const [cell] = manifest.cells;
    const id = cell?.id ?? "";
    const path = join(own, "records.jsonl");
    const records = (await readFile(path, "utf8")).trimEnd().split("\n");
    const before = await inputsOf(own);
    const [call = {}] = records
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((r) => r["type"] === "call" && r["cell"] === id && r["phase"] === "measure" && r["ok"] === true);
    const round = 99;
    const error = { code: "UNAVAILABLE", message: "link far went away" };
    const added = [
      { ...call, round, totalMs: 77_777 },
      { ...call, round, totalMs: 88_888, ok: false, error },
      { v: call["v"], type: "failure", cell: id, round, at: call["at"], error: { ...error, void: true } },
      { ...call, round: 100 },
    ];
    await writeFile(path, [...records, ...added.map((r) => JSON.stringify(r)), ""].join("\n"));
    const inputs = await inputsOf(own);
    const run: RunReport = { dir: own, inputs, sections: [], json: {} };
    const [head = "", ...lines] = (await whole(callsCsv(run))).trimEnd().split("\r\n");
    const rows = lines.map((line) => Object.fromEntries(head.split(",").map((name, i) => [name, line.split(",")[i]])));
    expect(rows.filter((r) => r["void"] === "true").map((r) => [r["round"], r["total_ms"]])).toEqual([
      ["99", "77777"],
      ["99", "88888"],
    ]);
    expect(rows.filter((r) => r["void"] !== "true" && r["void"] !== "false")).toEqual([]);
    // As the notebook of the docs selects them.
    const good = rows.filter((r) => r["cell"] === id && r["ok"] === "true" && r["warmup"] === "false");
    const counted = good.filter((r) => r["void"] === "false").length;
    expect(inputs.summaries.get(id)?.n).toBe(counted);
    expect(inputs.summaries.get(id)?.failedCalls).toBe(before.summaries.get(id)?.failedCalls);
    const countsOf = (of: RunReport) =>
      [...openMetrics(of).matchAll(/^lathe_(?:call_seconds_count|failed_calls_total)\{.* (\d+)$/gm)].map(([, n]) =>
        Number(n),
      );
    const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);
    // The one call after it.
    expect(sum(countsOf(run)) - sum(countsOf({ ...run, inputs: before }))).toBe(1);
    expect(junit(run)).not.toContain("link far went away");
  });

  const inputsOf = (own: string) => loadReport(own, () => {});
});

describe("the notebook example of the docs", () => {
  it("has ten lines at most, and names columns that there are", async () => {
    const page = await readFile(join(repoRoot, "docs/outputs.md"), "utf8");
    const code = /```python\n([^]*?)```/.exec(page)?.[1] ?? "";
    expect(code.split("\n").filter((l) => l.trim() !== "").length).toBeLessThanOrEqual(10);
    const piece = await whole(callsCsv(plain));
    const columns = piece.slice(0, piece.indexOf("\r\n")).split(",");
    const named = [...code.matchAll(/"([a-z_]+)"/g)].map(([, name = ""]) => name);
    expect(named.length).toBeGreaterThan(8);
    // The one word in quotes that is no column is pandas' own.
    expect(new Set(named.filter((name) => !columns.includes(name)))).toEqual(new Set(["median"]));
  });
});

describe("OpenMetrics", () => {
  // openmetrics.io: names, labels and values of a sample; type and help come before, and a line ends the whole.
  const SAMPLE =
    /^[a-z_]+(?:\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*\})? -?\d[\d.e+-]*$/;

  it("is well formed: every sample belongs to a family that was described before, and no sample is there twice", () => {
    for (const run of [plain, hostile]) {
      const text = openMetrics(run);
      expect(text.endsWith("\n# EOF\n")).toBe(true);
      const lines = text.trimEnd().split("\n").slice(0, -1);
      const families = new Set<string>();
      for (const line of lines) {
        const [, family] = /^# TYPE (\S+) /.exec(line) ?? [];
        if (family !== undefined) families.add(family);
        if (line.startsWith("#")) continue;
        expect(line).toMatch(SAMPLE);
        const name = (/^[a-z_]+/.exec(line)?.[0] ?? "").replace(/_(?:info|total|count|sum)$/, "");
        expect(families).toContain(name);
      }
      const samples = lines.filter((l) => !l.startsWith("#")).map((l) => l.slice(0, l.lastIndexOf(" ")));
      expect(new Set(samples).size).toBe(samples.length);
    }
  });

  it("has seconds, stand-ins and thresholds, and no quantile that the calls do not carry", () => {
    const text = openMetrics(plain);
    expect(text).toContain('stand_in="true"');
    expect(text).toMatch(/^lathe_threshold\{.*threshold="p95 < 200 ms".*\} 0$/m);
    expect(text).not.toContain('quantile="0.99"');
    const [cell] = plain.inputs.cells;
    const summary = plain.inputs.summaries.get(cell?.id ?? "");
    expect(text).toContain(` ${(summary?.medianMs ?? NaN) / 1000}\n`);
  });
});

describe("outputs of a run", () => {
  it("are asked for by options of their own, each with a help of its own", () => {
    const options = OUTPUTS.flatMap((o) => ("option" in o ? [o] : []));
    expect(new Set(options.map((o) => o.option)).size).toBe(options.length);
    for (const { option, help } of options) expect(`${option} ${help}`).toMatch(/^[a-z-]+ [A-Za-z]/);
  });

  it("go where they were asked for, and a job's summary is also appended where the CI system wants it", async () => {
    const step = join(dir, "step.md");
    await writeFile(step, "before\n");
    const asked = { junit: join(dir, "new", "j.xml"), "calls-csv": join(dir, "calls.csv"), summary: join(dir, "s.md") };
    const paths = await writeAsked(plain, asked, { GITHUB_STEP_SUMMARY: step });
    expect(paths.toSorted()).toEqual([...Object.values(asked), step].toSorted());
    expect(await readFile(step, "utf8")).toBe(`before\n${jobSummary(plain)}`);
    expect(await readFile(asked.summary, "utf8")).toBe(jobSummary(plain));
    expect(await readFile(asked.junit, "utf8")).toBe(junit(plain));
    expect(await writeAsked(plain, {}, {})).toEqual([]);
  });

  it("are written into what a link leads to (/dev/stdout is one), and into a pipe: both stay what they are", async () => {
    const [link, target, pipe] = ["link.xml", "target.xml", "pipe"].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(target, "before".repeat(100_000));
    await symlink(target, link);
    execFileSync("mkfifo", [pipe]);
    const [heard] = await Promise.all([readFile(pipe, "utf8"), writeAsked(plain, { junit: link, summary: pipe }, {})]);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect((await lstat(pipe)).isFIFO()).toBe(true);
    expect(await readFile(target, "utf8")).toBe(junit(plain));
    expect(heard).toBe(jobSummary(plain));
  });

  it("that cannot be written say so, and how to write them again", async () => {
    const wrong = writeAsked(plain, { junit: join(step(), "j.xml") }, {});
    await expect(wrong).rejects.toThrow(
      /records\.jsonl\/j\.xml[^]*fix: npx lathe report 2026-11-23T18-00-00Z --junit FILE/,
    );
  });
  const step = () => join(plain.dir, "records.jsonl");
});
