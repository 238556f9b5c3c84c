import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { containersIn, readManifest } from "../../bench/records/manifest.ts";
import { readJournal } from "../../bench/records/records.ts";
import { median } from "../../bench/stats/math/quantile.ts";
import { parseSample, SAMPLE_SCRIPT } from "../../bench/targets/server-use.ts";
import { apiNamed } from "../../clients/registry.ts";
import { script } from "../../infra/hosts/connection/remote.ts";
import { containersOf, type Endpoint, portsOf, type Server } from "../../infra/outputs.ts";
import { tryUp, up, type StackRef } from "../../infra/pulumi/testing/stack.ts";
import { quoteAll } from "../../lib/quote.ts";
import { startLathe } from "./lathe.ts";
import { type Bed, makeBed } from "../engine/harness.ts";
import { on, tryOn } from "./tools.ts";

const HOST = "cloud";
const SERVERS = ["one", "two"];
/** How long a busy machine may take until a host has thawed what it froze. */
const SOON = { timeout: 60_000, interval: 200 };

describe("two servers of one host, measured one at a time", { timeout: 600_000 }, () => {
  let bed: Bed;
  let stack: StackRef;
  let outputs: string;
  let runs: string;

  beforeAll(async () => {
    bed = await makeBed();
    stack = await bed.stack("neighbours", {
      ...{ "lathe:host": HOST, "lathe:models[0]": "null", "lathe:gateTimeoutSeconds": "600" },
      ...Object.fromEntries(SERVERS.map((name, i) => [`lathe:servers[${i}].name`, name])),
    });
    const deployed = await up(stack);
    for (const server of deployed.servers) expect(server.readySeconds, server.id).toBeGreaterThan(0);
    [outputs, runs] = [join(bed.projectDir, "outputs.json"), join(bed.projectDir, "runs")];
    await writeFile(outputs, JSON.stringify(deployed));
  }, 900_000);
  afterAll(() => bed?.down(), 300_000);

  const states = async () =>
    Object.fromEntries(
      (await on(bed.lab, HOST, "docker ps -a --format '{{.Names}} {{.State}}'"))
        .split("\n")
        .map((line) => line.split(" ") as [string, string]),
    );
  const running = async () => Object.values(await states()).filter((state) => state === "running").length;
  const marks = () => on(bed.lab, HOST, "find .lathe -name '.frozen-*'");

  const begin = (...args: string[]) => {
    const what = ["--outputs", outputs, "--placement", "local", "--models", "null", "--images", "7"];
    const how = ["--precision", "none", "--warmup", "1", "--runs", runs];
    const clients = args.includes("--client") ? [] : ["--client", "probe,rest"];
    const { child, ended } = startLathe(["bench", ...what, ...clients, ...how, ...args]);
    return { child, ended: ended.then(({ code, said }) => ({ code, said: said.replaceAll(/\s+/g, " ") })) };
  };
  const newest = async () => join(runs, (await readdir(runs)).sort().at(-1) ?? "");
  /** Processor time that a container took within a third of a second, ms; undefined where it was not frozen for all of it. */
  const taken = async (container: string) => {
    // Whoever freezes a server writes its mark anew.
    const mark = `stat -c %y $(find .lathe -name .frozen-${container}); docker inspect --format '{{.State.Status}}' ${container}`;
    const samples = `(echo; sleep 0.3; echo) | ${quoteAll(script(SAMPLE_SCRIPT, container))}`;
    const { stdout } = await tryOn(bed.lab, HOST, `${mark}; echo @@; ${samples}; echo @@; ${mark}`);
    const [before = "", between = "", after = ""] = stdout.split("@@\n");
    const [from, to] = between.split(/^end$/m).map((sample) => parseSample(sample.split("\n")).cpuMs);
    if (from === undefined || to === undefined) return undefined;
    return before.trim().endsWith("paused") && before.trim() === after.trim() ? to - from : undefined;
  };
  /** The same of whichever is frozen, three times. */
  const takenWhileFrozen = async () => {
    const all: number[] = [];
    for (let tries = 0; all.length < 3 && tries < 100; tries++) {
      const [frozen] = Object.entries(await states()).flatMap(([name, state]) => (state === "paused" ? [name] : []));
      const ms = frozen === undefined ? undefined : await taken(frozen);
      if (ms !== undefined) all.push(ms);
    }
    return all;
  };
  /** A bench that would take long, once one of the two is frozen. */
  const underWay = async () => {
    const bench = begin("--requests", "100000", "--block", "20");
    await expect.poll(running, SOON).toBe(1);
    return bench;
  };

  it("freezes one while the other is measured, visits each one's cells together, and thaws both", async () => {
    const bench = begin("--requests", "60", "--block", "20", "--full");
    const seen = new Set<string>();
    let over = false;
    void bench.ended.then(() => (over = true));
    for (; !over; await sleep(50)) {
      const now = await states();
      // Between two turns both stand still.
      for (const name of Object.keys(now).filter(
        (one) => Object.values(now).includes("paused") && now[one] === "running",
      ))
        seen.add(name);
    }
    const { code, said } = await bench.ended;
    expect(code, said).toBe(0);
    expect(seen.size, [...seen].join("; ")).toBe(2);
    expect([await running(), await marks()]).toEqual([2, ""]);
    const manifest = await readManifest(await newest());
    expect(manifest.neighbours).toBe("frozen");
    expect(new Set(manifest.cells.map((c) => c.serverKind)).size).toBe(2);
    const visited: string[] = [];
    for await (const record of readJournal(join(await newest(), "records.jsonl")))
      if (record.type === "visit") {
        expect(record.use?.answers, record.cell).toBeGreaterThan(0);
        visited.push(`${record.round} ${manifest.cells.find((c) => c.id === record.cell)?.server ?? ""}`);
      }
    // In each round one block for each server.
    const blocks = visited.filter((block, i) => block !== visited[i - 1]);
    expect(blocks).toEqual([...new Set(blocks)]);
    expect(said).toContain("the other servers of its machine were frozen");
  });

  it("gives a frozen one no processor time, and thaws both where the bench is interrupted, and where it is killed", async () => {
    const frozenMs: number[] = [];
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      const { child, ended } = await underWay();
      if (signal === "SIGINT") frozenMs.push(...(await takenWhileFrozen()));
      child.kill(signal);
      await ended;
      await expect.poll(running, SOON).toBe(2);
      await expect.poll(marks, SOON).toBe("");
    }
    expect(frozenMs).toEqual([0, 0, 0]);
  });

  it("thaws what was left frozen because the host's own program was killed too, and says so: the next bench, and the next up", async () => {
    const left = async () => {
      const { child, ended } = await underWay();
      // It must not see that the program is gone, and start another one.
      child.kill("SIGSTOP");
      await on(bed.lab, HOST, "pkill -9 -f '[e]ach freeze' || true");
      child.kill("SIGKILL");
      await ended;
      expect([await running(), (await marks()).split("\n").length]).toEqual([1, 1]);
    };
    await left();
    const { code, said } = await begin("--requests", "3").ended;
    expect([code, said]).toEqual([
      0,
      expect.stringMatching(/A bench that was killed left servers frozen: \S+\. They are thawed\./),
    ]);
    expect([await running(), await marks()]).toEqual([2, ""]);
    await left();
    const again = await tryUp(stack);
    expect([again.code, again.output]).toEqual([
      0,
      expect.stringContaining("was left frozen by a bench that was killed"),
    ]);
    expect(Object.keys(again.changes), again.output).toEqual(["same"]);
    expect([await running(), await marks()]).toEqual([2, ""]);
  });

  it("leaves all running where that is asked for", async () => {
    const { code, said } = await begin("--requests", "3", "--neighbours", "running").ended;
    expect(code, said).toBe(0);
    expect((await readManifest(await newest())).neighbours).toBe("running");
  });

  it("takes as long beside a frozen neighbour as without one, as far as a busy machine can tell, and says which are not in the run", async () => {
    const medianMs = async () => {
      // Of fewer calls the median moves by more than what is looked for.
      const { code, said } = await begin("--requests", "1000", "--block", "100", "--client", "probe").ended;
      expect(code, said).toBe(0);
      const manifest = await readManifest(await newest());
      const calls: number[] = [];
      for await (const r of readJournal(join(await newest(), "records.jsonl")))
        if (
          r.type === "call" &&
          r.phase === "measure" &&
          r.ok &&
          manifest.cells.find((c) => c.id === r.cell)?.server.endsWith("/one")
        )
          calls.push(r.totalMs);
      return median(calls);
    };
    const beside = await medianMs();
    const [, two = ""] = Object.keys(await states()).sort();
    const one = JSON.parse(await readFile(outputs, "utf8")) as { servers: unknown[] };
    await writeFile(outputs, JSON.stringify({ ...one, servers: one.servers.slice(0, 1) }));
    // It is not part of the run now, and nobody freezes it: that is told.
    const { said } = await begin("--requests", "3", "--client", "probe").ended;
    expect(said).toContain(`other servers of Lathe's ran there when this run began: ${two} (stack `);
    await on(bed.lab, HOST, `docker stop ${two}`);
    const alone = await medianMs();
    console.log(
      `with a frozen neighbour ${beside.toFixed(3)} ms, alone ${alone.toFixed(3)} ms: ${(beside / alone).toFixed(3)}`,
    );
    expect(beside / alone).toBeGreaterThan(0.5);
    expect(beside / alone).toBeLessThan(2);
  });

  it("shares a host's cores between replicas of one server, each called over connections of its own", async () => {
    const deployed = await up(
      await bed.stack("replicas", {
        ...{ "lathe:host": HOST, "lathe:models[0]": "null", "lathe:gateTimeoutSeconds": "600" },
        ...{ "lathe:settings.replicas": "2", "lathe:settings.pin": "physical" },
        ...{ "lathe:ports.grpc": "9500", "lathe:ports.rest": "9501" },
      }),
    );
    const [server] = deployed.servers;
    expect(containersOf(server as Server).map(({ container }) => container)).toEqual(["tf-serving", "tf-serving-2"]);
    const rest = server?.endpoints.find(({ protocol }) => protocol === "rest") as Endpoint;
    const answered = () =>
      Promise.all(
        portsOf(server as Server, rest).map(async (port) => {
          const page = await fetch(`http://${deployed.machine.address}:${port}${server?.metrics?.path ?? ""}`);
          return apiNamed(rest.api)?.metrics?.(await page.text(), "null", "grpc").requests.count ?? 0;
        }),
      );
    const [told, matrix] = ["replicas.json", "two.yaml"].map((name) => join(bed.projectDir, name)) as [string, string];
    await writeFile(told, JSON.stringify(deployed));
    const experiment = { clientMachines: "same", models: ["null"], images: 7, clientKinds: ["probe"], concurrency: 2 };
    const all = { name: "two", ...experiment, precision: "none", limits: { requests: 20, minRequests: 20 } };
    await writeFile(matrix, JSON.stringify({ experiments: [all] }));
    const before = await answered();
    const bench = startLathe(["bench", "--outputs", told, "--matrix", matrix, "--runs", runs]);
    const { code, said } = await bench.ended;
    expect(code, said).toBe(0);
    const took = (await answered()).map((count, i) => count - (before[i] ?? 0));
    const back = containersIn((await readManifest(await newest())).readBack[server?.id ?? ""]);
    expect(back?.map(({ cpuSet }) => cpuSet)).toEqual(["0", "1"]);
    let calls = 0;
    for await (const record of readJournal(join(await newest(), "records.jsonl")))
      if (record.type === "call") calls++;
      else if (record.type === "visit")
        expect(record).toMatchObject({
          ...{ server: { requests: { count: record.calls } }, use: { cpuMs: expect.any(Number) as number } },
        });
    // In each visit, each connection makes a call at the least.
    expect(took[0], `${took.join(" and ")} of ${calls}`).toBeGreaterThan(2);
    expect(took[1], `${took.join(" and ")} of ${calls}`).toBeGreaterThan(2);
    expect(took.reduce((a, b) => a + b)).toBe(calls);
  });
});
