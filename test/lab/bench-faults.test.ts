import { type ChildProcess } from "node:child_process";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readManifest } from "../../bench/records/manifest.ts";
import type { CallRecord, JournalRecord } from "../../bench/records/records.ts";
import { type StackRef, setConfig, up } from "../../infra/pulumi/testing/stack.ts";
import type { StackOutputs } from "../../infra/outputs.ts";
import { hostOf } from "../../lab/index.ts";
import { processesOf } from "../../lab/hosts/cgroups.ts";
import { run } from "../../lab/run.ts";
import { startLathe } from "./lathe.ts";
import { makeBed, type Bed } from "../engine/harness.ts";
import { startProxy, type Proxy } from "./proxy.ts";
import { on, tryOn } from "./tools.ts";

/*
 * Faults in the middle of a cell, against a server that a real stack put on a real host. Whatever happens: the bench ends in
 * time, says why, keeps every record, and a resumed run has each call once.
 */

const HOST = "edge";
const TIMEOUT_SECONDS = 3;
/** A machine that is busy with other things may be late with a call as such: then the run is resumed once more. */
const RESUMES = 3;

let bed: Bed;
let stack: StackRef;
let dir: string;
const proxies: Proxy[] = [];
/** Outputs as the bench reads them: this machine is the client; the server is reached directly, or through the proxies. */
let direct: string;
let proxied: string;
/** The host is its own client: the agent runs there. */
let own: string;

beforeAll(async () => {
  bed = await makeBed();
  dir = bed.projectDir;
  // The limit is what the stand-in needs, and little more: memory that runs out is a fault of the tests.
  const config = { "lathe:host": HOST, "lathe:models": "null", "lathe:memoryMiB": "1024" };
  stack = await bed.stack(HOST, config);
  const edge = await up(stack);
  const { machine, servers } = edge;
  for (const { port } of servers.flatMap(({ endpoints }) => endpoints))
    proxies.push(await startProxy(machine.address, port));
  const here: StackOutputs = {
    ...edge,
    machine: { ...machine, id: "client", ssh: null },
    servers: servers.map((server) => ({ ...server, id: "client", machineId: "client" })),
  };
  // The server's own metrics are read beside the calls, at its REST port.
  const through: StackOutputs = {
    ...edge,
    machine: { ...machine, address: "127.0.0.1" },
    servers: servers.map((server) => ({
      ...server,
      endpoints: server.endpoints.map((endpoint, i) => ({ ...endpoint, port: port(i) })),
    })),
  };
  direct = await outputs("direct", [here, edge]);
  proxied = await outputs("proxied", [here, through]);
  own = await outputs("own", [edge]);
});
afterAll(async () => {
  for (const proxy of proxies) proxy.close();
  await bed?.down();
});

const port = (i: number) => proxies[i]?.port ?? 0;
const treat = (treatment: Parameters<Proxy["treat"]>[0]) => proxies.forEach((proxy) => proxy.treat(treatment));

/** Files with the outputs of these stacks, as `--outputs` takes them. */
async function outputs(name: string, stacks: readonly StackOutputs[]): Promise<string> {
  const paths = stacks.map(({ machine }) => join(dir, `${name}-${machine.id}.json`));
  for (const [i, path] of paths.entries()) await writeFile(path, JSON.stringify(stacks[i]));
  return paths.join(",");
}

interface Running {
  readonly child: ChildProcess;
  /** What it has printed when it is over. */
  readonly ended: Promise<{ code: number | null; said: string }>;
}

function bench(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  return startLathe(["bench", "--runs", join(dir, "runs"), "--full", ...args], { ...process.env, ...env });
}

const runs = async () => (await readdir(join(dir, "runs")).catch(() => [])).sort();
const textOf = (name: string) => readFile(join(dir, "runs", name, "records.jsonl"), "utf8").catch(() => "");
const callsOf = (text: string) =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as JournalRecord)
    .filter((record): record is CallRecord => record.type === "call" && record.phase === "measure");

/** Starts a run of `requests` calls a cell, and lets something happen to it once some of them are made. */
async function underWay(from: string, place: string, requests: number, env: Readonly<Record<string, string>> = {}) {
  const before = await runs();
  const running = bench(
    [
      ...["--outputs", from, "--placement", place, "--models", "null", "--images", "2", "--client", "probe,rest"],
      ...["--requests", `${requests}`, "--block", "5", "--precision", "none", "--timeout", `${TIMEOUT_SECONDS}`],
    ],
    env,
  );
  const over = running.ended.then(({ said }) => Promise.reject(new Error(`over before anything happened:\n${said}`)));
  over.catch(() => {});
  const begun = async () => {
    for (;;) {
      const [name] = (await runs()).filter((r) => !before.includes(r));
      if (name !== undefined && callsOf(await textOf(name)).length >= 8) return name;
      await sleep(20);
    }
  };
  return { ...running, name: await Promise.race([begun(), over]) };
}

/** A resumed run keeps every record and has every call of every cell, each once. */
async function expectResumed(name: string, requests: number): Promise<void> {
  const before = await textOf(name);
  const whole = before.slice(0, before.lastIndexOf("\n") + 1);
  for (let tries = 1; ; tries++) {
    const { code, said } = await bench(["--resume", name]).ended;
    if (code !== 0 && tries < RESUMES && said.includes("DEADLINE_EXCEEDED")) continue;
    expect(code, said).toBe(0);
    break;
  }
  const after = await textOf(name);
  expect(after.startsWith(whole)).toBe(true);
  const { cells } = await readManifest(join(dir, "runs", name));
  const good = callsOf(after).filter((call) => call.ok);
  expect(cells.map((c) => good.filter((call) => call.cell === c.id).length)).toEqual(cells.map(() => requests));
}

const serves = async () => {
  const { address } = hostOf(bed.lab, HOST);
  const answer = await fetch(`http://${address}:8501/v1/models/null`).catch(() => undefined);
  return answer?.status;
};
const served = () => expect.poll(serves, { timeout: 120_000, interval: 200 }).toBe(200);
const dockerUp = () =>
  expect.poll(async () => (await tryOn(bed.lab, HOST, "docker version")).exitCode, { timeout: 60_000 }).toBe(0);

interface Fault {
  readonly what: string;
  readonly from: () => string;
  readonly place?: string;
  readonly requests: number;
  readonly act: () => unknown;
  readonly restore: () => unknown;
  /** What the bench says; absent: it may as well measure on as if nothing had been. */
  readonly says?: RegExp;
  /** Seconds from the fault to the end of the bench, at most. */
  readonly within: number;
}

const FAULTS: readonly Fault[] = [
  {
    what: "connections that are reset",
    from: () => proxied,
    requests: 40,
    act: () => treat({ resetAfterBytes: 0 }),
    restore: () => treat({}),
    says: /UNAVAILABLE.*reset/,
    within: 60,
  },
  {
    what: "answers that come a byte at a time",
    from: () => proxied,
    requests: 40,
    act: () => treat({ trickleBytes: 1 }),
    restore: () => treat({}),
    says: /DEADLINE_EXCEEDED.*no answer within 3000 ms/,
    within: 60,
  },
  {
    what: "a link that swallows everything",
    from: () => proxied,
    requests: 40,
    act: () => treat({ silent: true }),
    restore: () => treat({}),
    says: /DEADLINE_EXCEEDED.*no answer within 3000 ms/,
    within: 60,
  },
  {
    what: "the server killed",
    from: () => direct,
    requests: 150,
    act: () => on(bed.lab, HOST, "kill -9 $(docker inspect --format '{{.State.Pid}}' tf-serving)"),
    restore: served,
    says: /UNAVAILABLE.*container tf-serving died \(exit code 137\).*; now it is /,
    within: 60,
  },
  {
    what: "the server paused",
    from: () => direct,
    requests: 150,
    act: () => on(bed.lab, HOST, "docker pause tf-serving"),
    restore: () => on(bed.lab, HOST, "docker unpause tf-serving"),
    says: /DEADLINE_EXCEEDED.*container tf-serving was paused; now it is paused/,
    within: 60,
  },
  {
    what: "the server out of memory",
    from: () => direct,
    requests: 150,
    // Of all processes that use the container's memory, the kernel takes the server.
    act: () =>
      on(
        bed.lab,
        HOST,
        "echo 1000 > /proc/$(docker inspect --format '{{.State.Pid}}' tf-serving)/oom_score_adj; " +
          "docker exec -d tf-serving python3 -c 'import time; x = bytearray(960 << 20); time.sleep(5)'",
      ),
    restore: served,
    says: /UNAVAILABLE.*out of memory \(lathe:memoryMiB is its limit\)/,
    within: 60,
  },
  {
    what: "dockerd killed",
    from: () => direct,
    requests: 150,
    act: () => on(bed.lab, HOST, "kill -9 $(cat /run/docker.pid)"),
    restore: async () => {
      await dockerUp();
      await served();
    },
    within: 90,
  },
  {
    what: "the SSH connection to the agent cut",
    from: () => own,
    place: "local",
    requests: 150,
    act: async () => {
      for (const pid of await processesOf(bed.lab.name, HOST)) {
        const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
        if (/^sshd: \w+(@|$)/.test(command)) process.kill(pid, "SIGKILL");
      }
    },
    restore: () => undefined,
    says: /the agent on "edge" ended/,
    within: 60,
  },
];

describe.each(FAULTS)(
  "$what in the middle of a cell",
  ({ from, place = "remote", requests, act, restore, says, within }) => {
    it("ends in time with the reason, and a resumed run has every call once", async () => {
      const { name, ended } = await underWay(from(), place, requests);
      const startedAt = performance.now();
      try {
        await act();
        const { code, said } = await ended;
        expect((performance.now() - startedAt) / 1000).toBeLessThan(within);
        expect(said).not.toMatch(/^ +at .+:\d+:\d+\)?$/m); // a stack trace
        if (says !== undefined) expect([code, said.replaceAll(/\s+/g, " ")]).toEqual([1, expect.stringMatching(says)]);
      } finally {
        await restore();
      }
      await expectResumed(name, requests);
    });
  },
);

describe("a bad link in the middle of a cell", () => {
  it("that delays costs time and no call", async () => {
    const { name, ended } = await underWay(proxied, "remote", 20);
    treat({ delayMs: 30 });
    const { code, said } = await ended;
    treat({});
    expect(code, said).toBe(0);
    const calls = callsOf(await textOf(name));
    expect(calls).toHaveLength(2 * 20);
    expect(calls.at(-1)?.totalMs).toBeGreaterThan(60);
  });

  it("that loses packets costs time and no call", async () => {
    const rule = "PREROUTING -t mangle -p tcp --dport 8500:8501 -m statistic --mode random --probability 0.02 -j DROP";
    const { name, ended } = await underWay(direct, "remote", 100);
    await on(bed.lab, HOST, `iptables -A ${rule}`);
    const { code, said } = await ended;
    const dropped = await on(bed.lab, HOST, "iptables -t mangle -vxnL PREROUTING | awk '/statistic/ { print $1 }'");
    await on(bed.lab, HOST, `iptables -D ${rule}`);
    expect(code, said).toBe(0);
    expect(Number(dropped)).toBeGreaterThan(0);
    expect(callsOf(await textOf(name)).filter((call) => call.ok)).toHaveLength(2 * 100);
  });
});

describe("the operator and his machine", () => {
  it("Ctrl-C ends the bench at once, leaves no agent, says how to go on, and that goes on", async () => {
    const { name, child, ended } = await underWay(own, "local", 150);
    const startedAt = performance.now();
    child.kill("SIGINT");
    const { code, said } = await ended;
    expect((performance.now() - startedAt) / 1000).toBeLessThan(15);
    expect([code, said]).toEqual([130, expect.stringContaining(`npx lathe bench --resume ${name}`)]);
    await expect.poll(() => on(bed.lab, HOST, "pgrep -fc [a]gent.mjs || true"), { timeout: 20_000 }).toBe("0");
    await expectResumed(name, 150);
  });

  it("two benches do not write to one run", async () => {
    const { name, child, ended } = await underWay(direct, "remote", 150);
    const second = await bench(["--resume", name]).ended;
    expect([second.code, second.said]).toEqual([
      1,
      expect.stringMatching(/another bench \(process \d+\) writes to this run/),
    ]);
    child.kill("SIGKILL");
    await ended;
    await expectResumed(name, 150);
  });

  it("a wall clock that jumps an hour, forth and back, is seen in no duration", async () => {
    const library = join(dir, "clock-jump.so");
    const clock = join(dir, "clock");
    await run(["cc", "-shared", "-fPIC", "-O2", "-o", library, join(import.meta.dirname, "clock-jump.c")]);
    await writeFile(clock, "0");
    const { name, ended } = await underWay(direct, "remote", 60, { LD_PRELOAD: library, LATHE_CLOCK_FILE: clock });
    await writeFile(clock, "3600");
    const seen = async (hours: number) => {
      const least = Date.now() + hours * 3_600_000 - 60_000;
      while (!callsOf(await textOf(name)).some((c) => Math.abs(Date.parse(c.at) - least) < 120_000)) await sleep(20);
    };
    await Promise.race([seen(1), ended]);
    await writeFile(clock, "-3600");
    const { code, said } = await ended;
    expect(code, said).toBe(0);
    const calls = callsOf(await textOf(name));
    const at = calls.map((call) => Date.parse(call.at));
    expect(Math.max(...at) - Math.min(...at)).toBeGreaterThan(3_000_000);
    expect(calls).toHaveLength(2 * 60);
    for (const { totalMs } of calls) expect(totalMs).toBeLessThan(1000 * TIMEOUT_SECONDS);
  });
  it("a server that was put up with other threads stops a resume before its first call, until it is told to go on", async () => {
    const { name, child, ended } = await underWay(direct, "remote", 60);
    child.kill("SIGKILL");
    await ended;
    await setConfig(stack, { "lathe:settings.omp": "3" });
    await up(stack);
    await served();
    const before = await textOf(name);
    const refused = await bench(["--resume", name]).ended;
    expect([refused.code, refused.said]).toEqual([
      1,
      expect.stringMatching(/edge: OMP_NUM_THREADS: 3 now, \d+ when it was measured[^]*fix: .*--accept-changes/),
    ]);
    expect(await textOf(name)).toBe(before);
    const { code, said } = await bench(["--resume", name, "--accept-changes"]).ended;
    expect([code, said]).toEqual([
      0,
      expect.stringMatching(/under another set-up: from round \d+ on edge: OMP_NUM_THREADS 3/),
    ]);
    // From then on that is what the run is measured with.
    await expectResumed(name, 60);
  });
});
