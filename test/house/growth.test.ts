import { readFile, readdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StackOutputs, type Endpoint } from "../../infra/outputs.ts";
import { Checkout } from "./checkout.ts";
import { LETTER_AXIS } from "./letter.ts";
import { startPlain, type PlainServer } from "./plain/start.ts";

/*
 * What docs/architecture.md promises under "Where to add": an API with its client kind is a folder and a line, a protocol a line,
 * a load mode a file and a line, an axis an entry, an output of a run a file and a line. Each is added to a copy of the checkout, and nothing else is changed there;
 * then a real bench measures a real server with all of them.
 */

const CALLS = 6;

const EXPERIMENTS = `
defaults: { precision: none, limits: { requests: ${CALLS}, blockRequests: 3, warmupRequests: 1, timeoutSeconds: 20 } }
experiments:
  - name: letters
    clientMachines: same
    images: 7
    letter: [a, b]
  - name: pairs
    clientMachines: same
    images: 7
    clientKinds: plain-http
    pairs: [2]
    loads: [{ mode: pairs, pairs: 3 }]
`;

/** Enough visits for a threshold, and too few. */
const promising = (threshold: string, requests: number) => `
experiments:
  - name: promise
    clientMachines: same
    images: 7
    clientKinds: plain-http
    thresholds: ${threshold}
    precision: none
    limits: { requests: ${requests}, blockRequests: 3, warmupRequests: 1, timeoutSeconds: 20 }
`;

describe("a copy of the checkout with one more of each", { timeout: 240_000 }, () => {
  let checkout: Checkout;
  let server: PlainServer;
  const bench = (...args: string[]) => checkout.npmRun("bench", args);
  const common = () => [
    ...["--outputs", join(checkout.dir, "outputs.json"), "--matrix", join(checkout.dir, "letters.yaml")],
    ...["--runs", join(checkout.dir, "kept")],
  ];
  const runs = async () => (await readdir(join(checkout.dir, "kept"))).sort();

  beforeAll(async () => {
    server = await startPlain({ null: "graph" });
    checkout = await Checkout.copy();
    // One folder and one line each: APIs, each with a client kind.
    for (const file of ["plain/client.ts", "plain/api.ts", "pigeon/client.ts", "pigeon/api.ts"])
      await checkout.put(`test/house/${file}`, `clients/${file}`);
    await checkout.register("clients/registry.ts", "APIS", "plainApi", "./plain/api.ts");
    await checkout.register("clients/registry.ts", "APIS", "pigeonApi", "./pigeon/api.ts");
    // One line: a protocol.
    await checkout.register("clients/registry.ts", "PROTOCOLS", `{ key: "air", title: "Pigeon post" }`);
    // One file and one line: a load mode.
    await checkout.put("test/house/pairs.ts", "bench/loads/pairs.ts");
    await checkout.register("bench/loads/registry.ts", "LOAD_MODES", "pairsMode", "./pairs.ts");
    // One file and one line: an output of a run.
    await checkout.put("test/house/telegram.ts", "bench/report/outputs/telegram.ts");
    const load = 'async () => (await import("./telegram.ts")).telegram';
    const output = `{ option: "telegram", help: "a telegram", load: ${load} }`;
    await checkout.register("bench/report/outputs/registry.ts", "OUTPUTS", output);
    // One entry: an axis.
    await checkout.register("bench/matrix/axes.ts", "AXES", LETTER_AXIS);
    await writeFile(join(checkout.dir, "letters.yaml"), EXPERIMENTS);
    await writeFile(join(checkout.dir, "outputs.json"), JSON.stringify(outputsOf(server.port)));
  });
  afterAll(async () => {
    await server?.stop();
    await checkout?.remove();
  });

  it("compiles", async () => {
    const { exitCode, stdout } = await checkout.run(["tsc", "--noEmit"]);
    expect([exitCode, stdout]).toEqual([0, ""]);
  });

  it("still stands on its floors", async () => {
    const added = ["clients/plain", "clients/pigeon", "clients/registry.ts", "bench/loads", "bench/matrix/axes.ts"];
    const { exitCode, stdout } = await checkout.run(["depcruise", ...added]);
    expect(exitCode, stdout).toBe(0);
  });

  it("plans their cells", async () => {
    const { exitCode, stdout, stderr } = await bench("plan", ...common(), "--json");
    expect(exitCode, stderr).toBe(0);
    const ids = new Set(stdout.match(/"id": ?"[^"]+"/g)?.map((text) => text.split('"')[3] ?? ""));
    // Two client kinds with two letters each, and one under two more loads: by the mode's short key, and by its name.
    expect([...ids].filter((id) => id.includes("image-7")).sort()).toEqual([
      "client>client carrier null image-7",
      "client>client carrier null image-7 letter-b",
      "client>client plain-http null image-7",
      "client>client plain-http null image-7 letter-b",
      "client>client plain-http null image-7 pairs of 4",
      "client>client plain-http null image-7 pairs of 6",
    ]);
    const shown = await bench("plan", ...common());
    const text = shown.stdout + shown.stderr;
    for (const words of ["carrier", "plain-http", "letter b", "pairs of 4"]) expect(text).toContain(words);
  });

  it("measures them, and every output of the run tells them apart", async () => {
    const { exitCode, stdout, stderr } = await bench(...common(), "--json");
    expect(exitCode, stderr).toBe(0);
    const [run = ""] = await runs();
    const file = (name: string) => readFile(join(checkout.dir, "kept", run, name), "utf8");
    const [head = "", ...rows] = (await file("report.csv")).trimEnd().split("\n");
    const columns = head.split(",");
    const levels = (key: string) => new Set(rows.map((row) => row.split(",")[columns.indexOf(key)]));
    expect(levels("letter")).toEqual(new Set(["a", "b"]));
    expect(levels("client")).toEqual(new Set(["carrier", "plain-http"]));
    expect(levels("protocol")).toEqual(new Set(["air", "rest"]));
    expect(levels("load")).toEqual(new Set(["one by one", "pairs of 4", "pairs of 6"]));
    for (const text of [await file("report.html"), await file("report.md")])
      for (const words of ["Pigeon post", "carrier", "letter b", "pairs of 4"]) expect(text).toContain(words);
    // Statistics: the letter is a factor of the model, and it changes nothing.
    expect(stdout).toMatch(/"letter"/);
    const calls = (await file("records.jsonl")).split("\n").filter((line) => line.includes('"phase":"measure"'));
    expect(calls).toHaveLength(6 * CALLS);
    for (const call of calls) expect(JSON.parse(call)).toMatchObject({ ok: true });
  });

  it("writes the output that was added, and ends as the experiment's thresholds say", async () => {
    const file = (name: string) => join(checkout.dir, name);
    const measured = async (threshold: string, requests: number) => {
      await writeFile(file("promise.yaml"), promising(threshold, requests));
      const where = ["--outputs", file("outputs.json"), "--matrix", file("promise.yaml"), "--runs", file("promised")];
      return bench(...where, "--telegram", file("telegram.txt"), "--junit", file("junit.xml"));
    };
    const holds = await measured("median < 100 s", 12);
    expect(holds.exitCode, holds.stderr).toBe(0);
    expect(holds.stdout).toContain("Thresholds: 1 hold");
    expect(await readFile(file("telegram.txt"), "utf8")).toBe("1 cells STOP\n");
    const broken = await measured("median < 0.0001 ms", 12);
    expect(broken.exitCode, broken.stderr).toBe(1);
    expect(await readFile(file("junit.xml"), "utf8")).toContain('<failure type="threshold" message=');
    const short = await measured("p95 < 100 s", 6);
    expect(short.exitCode, short.stderr).toBe(3);
    expect(short.stderr).toContain("threshold p95 < 100 s needs 72 calls, and at most 6 are planned");
    expect(short.stdout).toContain("p95 < 100 s inconclusive");
    const wrong = await measured("p95 < 100", 6);
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      1,
      expect.stringMatching(/promise\.yaml:7:17: experiments\[0\]\.thresholds/),
    ]);
  });

  it("compares two runs of them, cell by cell", async () => {
    const again = await bench(...common());
    expect(again.exitCode, again.stderr).toBe(0);
    const [first = "", second = ""] = await runs();
    const kept = ["--runs", join(checkout.dir, "kept")];
    const { exitCode, stdout, stderr } = await bench("compare", first, second, ...kept, "--json");
    // Worse, the same or inconclusive: all but wrong use.
    expect([0, 1, 3], stderr).toContain(exitCode);
    for (const words of ["carrier", "plain-http", "letter", "pairs of 4"]) expect(stdout).toContain(words);
  });
});

/** What a stack would promise that has put the server on this machine, reached as two APIs over two protocols. */
function outputsOf(port: number): StackOutputs {
  const endpoint = (api: string, protocol: string): Endpoint => ({ api, protocol, port, security: "none" });
  const cpu = { cpu: 0, core: 0, socket: 0, node: 0, online: true };
  return StackOutputs.parse({
    schema: "lathe.outputs/2",
    machine: {
      ...{ id: "client", ssh: null, address: "127.0.0.1", workspace: "/nowhere/lathe" },
      facts: {
        ...{ hostname: hostname(), os: "Debian GNU/Linux", kernel: "6", arch: "x86_64", memoryBytes: 2 ** 30 },
        cpu: { model: "a processor", logical: [cpu], allowed: [0], quotaCpus: null },
        docker: { version: "29", apiVersion: "1.50", storageDriver: "overlay2" },
      },
    },
    servers: [
      {
        ...{
          id: "client",
          machineId: "client",
          kind: "plain",
          container: "no-container",
          image: "lathe/plain@sha256:0",
        },
        ...{ standIn: false, build: "python", settings: { PLAIN_WORKERS: "1" }, workspace: "/nowhere/lathe/plain" },
        placement: { physicalCores: 1, reason: "One core." },
        endpoints: [endpoint("plain", "rest"), endpoint("pigeon", "air")],
        models: [
          {
            ...{ name: "null", version: 1, sha256: "0".repeat(64), timingOnly: false, isNull: true },
            signatures: ["serving_default"],
          },
        ],
        access: { stack: "client", expose: "everywhere", allowFrom: [] },
      },
    ],
  });
}
