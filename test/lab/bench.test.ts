import { spawn } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BenchRecord } from "../../bench/records/records.ts";
import { readConditions } from "../../bench/stats/conditions.ts";
import { detectionAlarms, findingsOf } from "../../bench/stats/detections/findings.ts";
import { readSeen } from "../../bench/records/seen.ts";
import { readManifest } from "../../bench/records/manifest.ts";
import { readJournal } from "../../bench/records/records.ts";
import { serverClocks } from "../../bench/stats/attribution/server-clock.ts";
import { loadStudy } from "../../bench/stats/study.ts";
import { type DemoStacks, demoStacks, destroyAll, upAll } from "../../demo/stacks.ts";
import { kindImage, type Lab, pushImage, readLab } from "../../lab/index.ts";
import { latheProgram, repoRoot } from "../../lib/paths.ts";
import { progress } from "../../lib/progress.ts";
import { TEST_LAB } from "./setup.ts";
import { on } from "./tools.ts";

const MODELS = ["null", "ssd-mobilenet"];
const HOSTS = ["client", "edge"];

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
  readonly stdout: string;
}

interface JsonTables {
  readonly cells: readonly {
    id: string;
    protocol: string;
    model: string;
    serverMachine: string;
    clientRole: string;
    summary: { n: number; meanMs: number; failure?: { code: string; message: string } } | null;
  }[];
}

describe("the bench against servers that real stacks put on real hosts", () => {
  let dir: string;
  let lab: Lab;
  let stacks: DemoStacks;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "lathe-bench-"));
    lab = await readLab(TEST_LAB);
    const source = await kindImage("tf-serving", progress());
    if (source === undefined) throw new Error("the lab has no image of that kind");
    const image = await pushImage(lab, source, progress());
    stacks = { ...(await demoStacks(lab, dir)), names: HOSTS };
    await upAll(stacks, lab, image.reference, MODELS, progress());
  }, 900_000);

  afterAll(async () => {
    await destroyAll(stacks);
    await rm(dir, { recursive: true, force: true });
  }, 300_000);

  const start = (args: readonly string[]) =>
    spawn(process.execPath, [latheProgram, "bench", "--runs", join(dir, "runs"), ...args], {
      cwd: repoRoot,
      env: { ...process.env, ...stacks.env },
      stdio: ["ignore", "pipe", "pipe"],
    });

  function bench(...args: string[]): Promise<Ended> {
    const child = start(args);
    const out: string[] = [];
    const err: string[] = [];
    child.stdout.setEncoding("utf8").on("data", (s: string) => out.push(s));
    child.stderr.setEncoding("utf8").on("data", (s: string) => err.push(s));
    return new Promise((resolve) =>
      child.on("close", (code) => resolve({ code, stdout: out.join(""), stderr: err.join("") })),
    );
  }

  const newestRun = async () => join(dir, "runs", (await readdir(join(dir, "runs"))).sort().at(-1) ?? "");

  async function records(run: string): Promise<BenchRecord[]> {
    const lines = (await readFile(join(run, "records.jsonl"), "utf8")).trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line) as BenchRecord);
  }

  it("measures local and remote cells of every deployed stack, prints the paper's tables, and keeps their provenance", async () => {
    const { code, stderr, stdout } = await bench("--images", "2,7", "--requests", "3", "--json", "--full");
    expect(stderr).toContain("Table 1. Local");
    expect(stderr).toContain("Table 3. Remote: requests from the client machine, Image-7");
    expect(stderr).toContain("stand-in for the server kind tf-serving");
    expect(code, stderr).toBe(0);
    const { cells } = JSON.parse(stdout) as JsonTables;
    // client > client, edge > edge, client > edge; two models, two protocols, two images.
    expect(cells).toHaveLength(3 * 2 * 2 * 2);
    for (const cell of cells) {
      expect(cell.summary, cell.id).toMatchObject({ n: 3 });
      expect(cell.summary?.meanMs).toBeGreaterThan(0);
    }
    const manifest = await readManifest(await newestRun());
    for (const { id, settings, image } of manifest.servers) {
      expect(settings["OMP_NUM_THREADS"]).toMatch(/^[1-9]/);
      expect(manifest.readBack[id]).toMatchObject({
        running: true,
        env: { OMP_NUM_THREADS: settings["OMP_NUM_THREADS"] },
      });
      expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
    }
    const [call] = await records(await newestRun());
    expect(call).toMatchObject({ type: "call", phase: "warmup", ok: true });
  });

  it("gets the same detections over gRPC and REST and from both servers for the same pixels, and draws them", async () => {
    const run = await newestRun();
    const manifest = await readManifest(run);
    const seen = await readSeen(run, manifest);
    expect(seen.photographs.size).toBe(2);
    const findings = findingsOf(manifest, seen);
    expect(detectionAlarms(findings)).toEqual([]);
    const ssd = findings.find((f) => f.model === "ssd-mobilenet");
    // Three placements, two protocols, two images: on "edge" a first answer and three more; on "client" one more.
    expect(ssd?.agreements.map((a) => [a.between, a.pairs])).toEqual([
      ["server", 8],
      ["servers", 2],
    ]);
    for (const agreement of ssd?.agreements ?? []) expect(agreement.scoreDifference).toBeLessThan(1e-5);
    const found = (image: string) => ssd?.pictures.find((p) => p.image === image)?.found.map((f) => f.label);
    expect(found("image-2")).toEqual(["motorcycle"]);
    expect(found("image-7")).toContain("person");
    const page = await readFile(join(run, "report.html"), "utf8");
    expect(page.match(/data:image\/jpeg;base64,/g)).toHaveLength(2);
    expect(page).toMatch(/>motorcycle 0\.\d\d<\/text>/);
  });

  it("reads the servers' own clocks: they counted the measured calls, these and no others", async () => {
    const counted = new Map<string, number>();
    for await (const record of readJournal(join(await newestRun(), "records.jsonl"))) {
      if (record.type !== "visit") continue;
      expect(record.server, record.cell).toMatchObject({ runs: { count: expect.any(Number) as number } });
      if (record.server === undefined || "unread" in record.server) continue;
      expect(record.server.runs.count).toBe(record.server.requests.count);
      // A slow machine makes its three calls in more than one visit.
      counted.set(record.cell, (counted.get(record.cell) ?? 0) + record.server.requests.count);
    }
    expect([...counted.values()]).toEqual(Array.from({ length: 24 }, () => 3));
    const { rows, others, unread } = serverClocks(await loadStudy(await newestRun()));
    expect([rows.length, others, unread]).toEqual([3 * 2, 0, 0]);
    // A server's time is part of what its client saw, and the model's run a part of that.
    for (const row of rows) {
      expect(row.server.value).toBeLessThan(row.between.value);
      expect(row.runMs).toBeLessThan(row.server.value);
      expect(row.runMs).toBeGreaterThan(1);
    }
  });

  it("records what the servers used: processor time and memory of their containers, and how the CPU quota of edge held them", async () => {
    const quotas = new Map<string, number>();
    for await (const record of readJournal(join(await newestRun(), "records.jsonl"))) {
      if (record.type !== "visit") continue;
      const { use } = record;
      expect(use?.cpuMs, record.cell).toBeGreaterThan(0);
      expect(use?.memoryBytes, record.cell).toBeGreaterThan(100 << 20);
      quotas.set(record.cell, (quotas.get(record.cell) ?? 0) + (use?.quota?.periods ?? 0));
    }
    const manifest = await readManifest(await newestRun());
    // Whether a quota is ever used up depends on what else this machine's processors do; that it holds does not.
    for (const cell of manifest.cells.filter((c) => c.model === "ssd-mobilenet"))
      if (cell.serverMachine === "edge") expect(quotas.get(cell.id), cell.id).toBeGreaterThan(0);
      else expect(quotas.get(cell.id), cell.id).toBe(0);
  });

  it("flags cells whose client machine is busy with something else", async () => {
    // Before the agent, whatever else the machine's processors do: else it is soon let in, and waits too little to be seen.
    const busy =
      "for i in 1 2 3; do nice -n -10 timeout 300 sh -c 'while :; do :; done' >/dev/null 2>&1 </dev/null & echo $!; done";
    const pids = (await on(lab, "client", busy)).split("\n");
    try {
      const { code, stderr } = await bench(
        ...["--images", "2", "--requests", "10", "--block", "5", "--models", "ssd-mobilenet", "--placement", "remote"],
      );
      expect(code, stderr).toBe(0);
    } finally {
      await on(lab, "client", `kill ${pids.join(" ")} || true`);
    }
    const conditions = await readConditions(join(await newestRun(), "records.jsonl"), { cells: [], machines: [] });
    expect([...conditions.values()].map((c) => c.flagged)).toEqual([true, true]);
  });

  it("repeats an earlier run, once its servers were started again, and keeps which one", async () => {
    const first = await newestRun();
    const few = ["--stack", "edge", "--images", "2", "--models", "null", "--requests", "1"];
    const { code, stderr } = await bench("--repeat-of", basename(first), ...few);
    expect(code, stderr).toBe(0);
    expect((await readManifest(await newestRun())).repeats).toBe((await readManifest(first)).id);
    expect(await bench("--repeat-of", "no-such-run", ...few)).toMatchObject({ code: 2 });
  });

  it("fails the cells of a model that no server has, with the server's reason, and measures the others", async () => {
    const { code, stderr, stdout } = await bench(
      ...["--stack", "edge", "--images", "2", "--requests", "2"],
      ...["--models", "ssd-mobilenet,no-such-model", "--allow-missing", "--json"],
    );
    expect(code).toBe(1);
    expect(stderr).not.toMatch(/^ +at .+:\d+:\d+\)?$/m); // a stack trace
    const { cells } = JSON.parse(stdout) as JsonTables;
    for (const cell of cells) {
      if (cell.model === "ssd-mobilenet") expect(cell.summary).toMatchObject({ n: 2 });
      else
        expect(cell.summary).toMatchObject({
          n: 0,
          failure: { code: "NOT_FOUND", message: expect.stringContaining("Latest(no-such-model)") as string },
        });
    }
  });

  it("fails the cells of a dead server with the reason, measures the others, and goes on once it is back", async () => {
    await on(lab, "edge", "docker stop -t 1 tf-serving");
    const failed = await bench("--images", "7", "--requests", "2", "--models", "null", "--json");
    expect(failed.code).toBe(1);
    const { cells } = JSON.parse(failed.stdout) as JsonTables;
    for (const cell of cells) {
      if (cell.serverMachine === "edge") expect(cell.summary?.failure?.code, cell.id).toBe("UNAVAILABLE");
      else expect(cell.summary, cell.id).toMatchObject({ n: 2 });
    }
    expect(failed.stderr).toMatch(/edge.*not read back|running.*false|failed/s);
    await on(lab, "edge", "docker start tf-serving");
    const edge = lab.hosts.find((h) => h.name === "edge")?.address ?? "";
    await expect
      .poll(async () => (await fetch(`http://${edge}:8501/v1/models/null`).catch(() => undefined))?.status, {
        timeout: 120_000,
        interval: 1000,
      })
      .toBe(200);
    const resumed = await bench("--resume", "--json");
    expect(resumed.code, resumed.stderr).toBe(0);
    for (const cell of (JSON.parse(resumed.stdout) as JsonTables).cells) {
      expect(cell.summary, cell.id).toMatchObject({ n: 2 });
      expect(cell.summary?.failure).toBeUndefined();
    }
  });

  it("goes on after a kill: no call lost, none twice", async () => {
    const child = start(["--images", "2,7", "--requests", "12", "--block", "3", "--models", "null"]);
    const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
    const before = new Set(await readdir(join(dir, "runs")));
    const fresh = async () => (await readdir(join(dir, "runs"))).find((name) => !before.has(name));
    await expect
      .poll(
        async () => {
          const name = await fresh();
          if (name === undefined) return 0;
          return (await readFile(join(dir, "runs", name, "records.jsonl"), "utf8").catch(() => "")).split("\n").length;
        },
        { timeout: 60_000, interval: 50 },
      )
      .toBeGreaterThan(30);
    child.kill("SIGKILL");
    await ended;
    await sleep(500);
    const run = join(dir, "runs", (await fresh()) ?? "");
    const first = await readFile(join(run, "records.jsonl"), "utf8");
    const whole = first.slice(0, first.lastIndexOf("\n") + 1);
    const resumed = await bench("--resume");
    expect(resumed.code, resumed.stderr).toBe(0);
    expect((await readFile(join(run, "records.jsonl"), "utf8")).startsWith(whole)).toBe(true);
    const counts = new Map<string, number>();
    for (const record of await records(run)) {
      if (record.type === "call" && record.ok && record.phase === "measure")
        counts.set(record.cell, (counts.get(record.cell) ?? 0) + 1);
    }
    const manifest = await readManifest(run);
    expect(manifest.cells.map((c) => counts.get(c.id))).toEqual(manifest.cells.map(() => 12));
  });

  it("leaves no agent running on a client machine", async () => {
    expect(await on(lab, "client", "pgrep -fc [a]gent.mjs || true")).toBe("0");
  });
});
