import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readManifest } from "../../bench/records/manifest.ts";
import type { LinkMeasure } from "../../bench/records/link-facts.ts";
import { type JournalRecord, readJournal } from "../../bench/records/records.ts";
import { median } from "../../bench/stats/math/quantile.ts";
import type { StackOutputs } from "../../infra/outputs.ts";
import { up } from "../../infra/pulumi/testing/stack.ts";
import { processesOf } from "../../lab/hosts/cgroups.ts";
import { hostOf } from "../../lab/state.ts";
import { startLathe } from "./lathe.ts";
import { type Bed, makeBed } from "../engine/harness.ts";
import { on } from "./tools.ts";

const SERVER = "cloud";
/** Where the bench leaves its agent on the host that calls: no stack made it, so the test removes it. */
const WORKSPACE = "/root/.lathe-links";
const ROUNDS = 2;
const BLOCK = 3;

const EXPERIMENTS = (requests: number, block: number) => `
defaults: { models: "null", images: 7, precision: none }
experiments:
  - name: distance
    clientMachines: client
    serverMachines: ${SERVER}
    clientKinds: [probe, rest]
    limits: { requests: ${requests}, blockRequests: ${block}, blockSeconds: 60, warmupRequests: 1 }
    links:
      - { name: near }
      - { name: far, rttMs: 20, mbit: 50, loss: 0.002, jitterMs: 2 }
`;

/** A bandwidth takes no netem, which these kernels do not have; a delay does. */
const TC_EXPERIMENTS = `
defaults: { models: "null", images: 7, precision: none }
experiments:
  - name: tc
    clientMachines: client
    serverMachines: ${SERVER}
    clientKinds: [probe]
    limits: { requests: ${BLOCK}, blockRequests: ${BLOCK}, blockSeconds: 60, warmupRequests: 1 }
    links:
      - { name: narrow, mbit: 20 }
      - { name: far, rttMs: 20 }
`;

async function recordsOf(run: string): Promise<JournalRecord[]> {
  const all: JournalRecord[] = [];
  for await (const record of readJournal(join(run, "records.jsonl"))) all.push(record);
  return all;
}

describe("two links between two hosts", { timeout: 600_000 }, () => {
  let bed: Bed;
  let outputs: string[];

  beforeAll(async () => {
    bed = await makeBed();
    const config = { "lathe:host": SERVER, "lathe:models[0]": "null", "lathe:gateTimeoutSeconds": "600" };
    const deployed = await up(await bed.stack(SERVER, config));
    outputs = [];
    for (const [i, one] of [deployed, clientOf(deployed)].entries()) {
      outputs.push(join(bed.projectDir, `outputs-${i}.json`));
      await writeFile(outputs[i] ?? "", JSON.stringify(one));
    }
  }, 900_000);
  afterAll(async () => {
    if (bed !== undefined) await on(bed.lab, "client", `rm -r ${WORKSPACE}`);
    await bed?.down();
  }, 300_000);

  /** The host that calls, as if a stack had been brought up there: its server is not called. */
  const clientOf = ({ machine, servers, ...rest }: StackOutputs): StackOutputs => {
    const { address } = hostOf(bed.lab, "client");
    const ssh = { destination: "client", configFile: bed.lab.sshConfig };
    const facts = { ...machine.facts, hostname: "client" };
    return {
      ...rest,
      machine: { ...machine, id: "client", workspace: WORKSPACE, address, ssh, facts },
      servers: servers.map((server) => ({ ...server, id: "client", machineId: "client" })),
    };
  };

  const begin = async (requests: number, block = BLOCK) => {
    const matrix = join(bed.projectDir, "distance.yaml");
    await writeFile(matrix, EXPERIMENTS(requests, block));
    const runs = join(bed.projectDir, "runs");
    const args = ["--outputs", outputs.join(","), "--matrix", matrix, "--runs", runs];
    return {
      ...startLathe(["bench", ...args]),
      newest: async () => join(runs, (await readdir(runs)).sort().at(-1) ?? ""),
    };
  };

  /** What a link leaves on its two hosts and on the machine, if it does. */
  const left = async () => {
    const container = "nsenter -t $(docker inspect -f '{{.State.Pid}}' $(docker ps -q)) -n";
    const control = "cat /proc/sys/net/ipv4/tcp_congestion_control";
    return {
      devices: (await Promise.all(["client", SERVER].map((host) => on(bed.lab, host, "ip -br link; ip route"))))
        .join("\n")
        .match(/\blk\d+\b/g),
      control: new Set([await on(bed.lab, "client", control), await on(bed.lab, SERVER, `${container} ${control}`)]),
      forwarders: await processesOf(bed.lab.name, "links."),
    };
  };

  it("are laid once a round each, felt, measured before and after, and undone; each call says what its connection did", async () => {
    const before = await left();
    expect([before.devices, before.forwarders]).toEqual([null, []]);
    const { ended, newest } = await begin(ROUNDS * BLOCK);
    const { code, said } = await ended;
    expect(code, said).toBe(0);
    expect(await left()).toEqual(before);

    const { cells } = await readManifest(await newest());
    const linkOf = (id: string) => cells.find((c) => c.id === id)?.link?.name;
    const records = await recordsOf(await newest());
    const links = records.filter((r) => r.type === "link");
    const calls = records.filter((r) => r.type === "call");
    const visits = records.filter((r) => r.type === "visit").map((r) => `${r.round} ${linkOf(r.cell)}`);
    expect(visits).toHaveLength(ROUNDS * 4);
    // Each link's cells one after the other, between its two measurements.
    expect(visits.filter((visit, i) => visit !== visits[i - 1])).toHaveLength(ROUNDS * 2);
    expect(links.map(({ round, link, when }) => `${round} ${link} ${when}`).sort()).toEqual(
      [0, 1].flatMap((round) =>
        ["far", "near"].flatMap((link) => ["after", "before"].map((when) => `${round} ${link} ${when}`)),
      ),
    );
    const far = links.filter((one) => one.link === "far");
    for (const { measured, means, congestion, packets, when } of far) {
      expect(means).toBe("forwarder");
      expect(congestion).toEqual({ client: "cubic", server: "cubic" });
      if ("unread" in measured) throw new Error(measured.unread);
      expect(measured.rttMs.median).toBeGreaterThan(18);
      if (when === "after") expect(packets?.sent).toBeGreaterThan(500);
    }
    // As the report does it: a busy machine may hold one of the four measurements up, before or after its middle.
    const middle = (of: (measured: Exclude<LinkMeasure, { unread: string }>) => number | null) =>
      median(far.flatMap(({ measured }) => ("unread" in measured ? [] : (of(measured) ?? []))));
    expect(middle((m) => m.rttMs.median)).toBeLessThan(30);
    expect(middle((m) => m.mbit)).toBeGreaterThan(40);
    expect(middle((m) => m.mbit)).toBeLessThan(55);
    const own = calls.filter((call) => call.phase === "measure");
    expect(own).toHaveLength(ROUNDS * BLOCK * 4);
    const medianOf = (link: string) =>
      own
        .filter((call) => linkOf(call.cell) === link)
        .map((call) => call.totalMs)
        .sort((a, b) => a - b)[ROUNDS * BLOCK] ?? NaN;
    // Half a megabyte takes over 80 ms at 50 Mbit/s.
    expect(medianOf("far")).toBeGreaterThan(medianOf("near") + 80);
    for (const { tcp, requestBytes } of own) {
      expect(tcp?.connection).toBe("warm");
      expect(tcp?.deliveredBytes).toBeGreaterThanOrEqual(requestBytes ?? Infinity);
    }
    for (const call of own.filter((one) => linkOf(one.cell) === "far")) expect(call.tcp?.congestion).toBe("cubic");
    expect(new Set(calls.map((call) => call.tcp?.connection))).toEqual(new Set(["cold", "warm"]));
  });

  it("whose forwarder dies in a visit say so: its calls are void, and the link is laid anew for the next cell", async () => {
    const calls = 24;
    const before = await left();
    const { ended, newest } = await begin(calls, calls);
    const recordsNow = async () => recordsOf(await newest());
    const overFar = async () => {
      const { cells } = await readManifest(await newest()).catch(() => ({ cells: [] }));
      const far = new Set(cells.filter((c) => c.link?.name === "far").map((c) => c.id));
      const records = await recordsNow().catch(() => []);
      return records.filter((r) => far.has(r.cell) && r.type === "call" && r.phase === "measure").length;
    };
    const older = await newest();
    await expect.poll(async () => (await newest()) !== older && (await overFar()) > 0, { timeout: 120_000 }).toBe(true);
    for (const pid of await processesOf(bed.lab.name, "links."))
      if ((await readFile(`/proc/${pid}/comm`, "utf8")).trim() === "forwarder") process.kill(pid, "SIGKILL");
    const { code, said } = await ended;
    expect(code, said).toBe(1);
    const failures = (await recordsNow()).filter((r) => r.type === "failure");
    expect(failures.map((f) => f.error)).toEqual([
      { code: "UNAVAILABLE", message: expect.stringContaining("link far went away") as string, void: true },
    ]);
    expect((await recordsNow()).filter((r) => r.type === "end" && r.reason === "requests")).toHaveLength(3);
    expect(await left()).toEqual(before);
  });

  it("are laid by the kernels' own tc where the bench knows of no lab, as far as these kernels can, and undone; a delay is refused in words", async () => {
    const before = await left();
    const matrix = join(bed.projectDir, "tc.yaml");
    await writeFile(matrix, TC_EXPERIMENTS);
    const runs = join(bed.projectDir, "tc-runs");
    const args = ["bench", "--outputs", outputs.join(","), "--matrix", matrix, "--runs", runs];
    const { ended } = startLathe(args, { ...process.env, LATHE_LAB_DIR: join(bed.projectDir, "no-labs") });
    const { code, said } = await ended;
    expect(code, said).toBe(1);
    expect(await left()).toEqual(before);
    for (const host of ["client", SERVER]) expect(await on(bed.lab, host, "tc qdisc show")).not.toMatch(/tbf|htb/);

    const run = join(runs, (await readdir(runs))[0] ?? "");
    const { cells } = await readManifest(run);
    const linkOf = (id: string) => cells.find((c) => c.id === id)?.link?.name;
    const records = await recordsOf(run);
    const narrow = records.filter((r) => r.type === "link").filter((one) => one.link === "narrow");
    expect(narrow.map(({ when, means }) => [when, means])).toEqual([
      ["before", "tbf"],
      ["after", "tbf"],
    ]);
    const rates = narrow.map(({ measured }) => ("unread" in measured ? NaN : (measured.mbit ?? NaN)));
    // A busy machine may hold one of the two measurements up.
    expect(
      rates.some((mbit) => mbit > 17 && mbit < 23),
      rates.join(),
    ).toBe(true);
    const calls = records.filter((r) => r.type === "call").filter((call) => call.phase === "measure");
    const own = calls.filter((call) => linkOf(call.cell) === "narrow");
    expect(own).toHaveLength(BLOCK);
    // A request of half a megabyte at 20 Mbit/s.
    for (const { ok, totalMs, requestBytes } of own)
      expect([ok, totalMs]).toEqual([true, expect.toSatisfy((ms: number) => ms > (requestBytes ?? NaN) / 2700)]);
    const failures = records.filter((r) => r.type === "failure");
    expect(failures.map((f) => `${linkOf(f.cell)}: ${f.error.message}`)).toEqual([
      expect.stringMatching(/^far: link far .* cannot be laid: the kernel of "\w+" refuses tc/),
    ]);
  });

  it("are undone where the bench is killed", async () => {
    const before = await left();
    const { child, ended } = await begin(100_000);
    await expect.poll(async () => (await left()).devices, { timeout: 120_000 }).not.toBeNull();
    expect((await left()).forwarders.length).toBeGreaterThan(0);
    child.kill("SIGKILL");
    await ended;
    await expect.poll(left, { timeout: 20_000 }).toEqual(before);
  });
});
