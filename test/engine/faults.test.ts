import { randomBytes } from "node:crypto";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pulumi, setConfig, tryUp, up, type EngineResult, type StackRef } from "../../infra/pulumi/testing/stack.ts";
import { runOn } from "../../infra/hosts/connection/run.ts";
import { deliver, incomingName, undeliver } from "../../infra/models/deliver.ts";
import type { DeliverSpec } from "../../infra/models/spec.ts";
import { hostOf } from "../../lab/index.ts";
import { boot, powerCut } from "../lab/power.ts";
import { processesOf } from "../../lab/hosts/cgroups.ts";
import { labPaths } from "../../lab/names.ts";
import { run, tryRun } from "../../lab/run.ts";
import { progress } from "../../lib/progress.ts";
import { on, tryOn } from "../lab/tools.ts";
import { makeBed, startUp, type Bed } from "./harness.ts";

/*
 * Faults as they come, with the real engine, OpenSSH and Docker: what each one says is a line of docs/faults.md. One stack
 * on one host goes through all of them in turn, so that each finds what the one before has left.
 */

const HOST = "cloud";
const STACK = "trouble";

let bed: Bed;
let stack: StackRef;
beforeAll(async () => {
  bed = await makeBed();
  stack = await bed.stack(STACK, { "lathe:host": HOST, "lathe:models": "null" });
});
afterAll(() => bed?.down());

const target = () => ({ destination: HOST, configFile: bed.lab.sshConfig });
const destroyOf = (ref: StackRef) => pulumi(ref, ["destroy", "--yes", "--skip-preview", "--stack", ref.stack]);
/** Containers on the host, running or not: `NAME STATE`. */
const containers = () => on(bed.lab, HOST, "docker ps -a --format '{{.Names}} {{.State}}'");

/** A failed run ends in words that a person can act on, within its deadline, and never in a stack trace. */
function expectWords(
  { code, output }: EngineResult,
  startedAt: number,
  withinSeconds: number,
  ...words: (string | RegExp)[]
) {
  expect(code, output).not.toBe(0);
  for (const word of words) expect(output).toMatch(word);
  expect(output).not.toMatch(/\n\s+at .+:\d+:\d+/);
  expect((performance.now() - startedAt) / 1000).toBeLessThan(withinSeconds);
}

/** `up` to which something happens as soon as the engine says a line. */
async function upUnder(word: string, act: () => Promise<unknown>): Promise<EngineResult> {
  let acted: Promise<unknown> | undefined;
  const onLine = (line: string) => {
    if (line.includes(word)) acted ??= act();
  };
  const result = await tryUp({ ...stack, onLine });
  expect(acted, `"${word}" was never said:\n${result.output}`).toBeDefined();
  await acted;
  return result;
}

/** The next `up` mends whatever there was to mend: one container, and it serves. */
async function expectHealed(): Promise<void> {
  expect((await up(stack)).servers).toHaveLength(1);
  expect(await containers()).toBe("tf-serving running");
}

/** Another thread setting makes another container: the next `up` has something to do. */
let threads = 1;
beforeEach(() => (threads = (threads % 9) + 1));
const change = () => setConfig(stack, { "lathe:settings.omp": `${threads}` });

describe("before anything is there", () => {
  test("a host that is down is told within the time of one connection", async () => {
    await powerCut(bed.lab.name, HOST);
    const startedAt = performance.now();
    expectWords(await tryUp(stack), startedAt, 60, `host ${HOST}: it cannot be reached`, /fix: check that it is on/);
    await boot(bed.lab.name, HOST, progress());
  });

  test("an image digest that the registry does not have is told as such", async () => {
    const missing = `${bed.image.slice(0, bed.image.indexOf("@"))}@sha256:${"0".repeat(64)}`;
    await setConfig(stack, { "lathe:image": missing });
    const startedAt = performance.now();
    const result = await tryUp(stack);
    expectWords(result, startedAt, 120, "its registry has no image", /fix: npx lathe pulumi config set lathe:image/);
    await setConfig(stack, { "lathe:image": bed.image });
  });

  test("a port that another program has is named before Docker fails for it, and the next up goes on", async () => {
    const listen =
      "use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalPort => 8501, Listen => 1, ReuseAddr => 1) or die; sleep 600";
    const holder = await on(bed.lab, HOST, `nohup perl -e '${listen}' >/dev/null 2>&1 & echo $!`);
    const startedAt = performance.now();
    const result = await tryUp(stack);
    expectWords(
      result,
      startedAt,
      120,
      "port 8501 is taken by another program",
      /npx lathe pulumi config set --path lathe:ports\.rest/,
    );
    await on(bed.lab, HOST, `kill ${holder}`);
    await expectHealed();
  });
});

describe("a model on its way", () => {
  const BYTES = 24 << 20;
  let dir: string;
  let archive: string;
  let spec: DeliverSpec;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "lathe-faults-"));
    await writeFile(join(dir, "saved_model.pb"), randomBytes(BYTES));
    archive = join(dir, "model.tar");
    await run(["tar", "-C", dir, "-cf", archive, "saved_model.pb"]);
    spec = specOf(await readFile(archive), "/srv/lathe/delivery");
    await on(bed.lab, HOST, "mkdir -p /srv/lathe/delivery /srv/small");
  });
  afterAll(async () => {
    await tryOn(bed.lab, HOST, "umount /srv/small; rm -r /srv/lathe /srv/small");
    await rm(dir, { recursive: true, force: true });
  });

  const specOf = (bytes: Uint8Array, workspace: string): DeliverSpec => ({
    ...{ target: target(), owner: "lathe/none", id: "provider-1", workspace, model: "null", version: 1 },
    ...{ sha256: createHash("sha256").update(bytes).digest("hex"), source: "null", form: "saved-model" },
    ...{ path: "null/1", container: "none", kind: "none" },
  });
  /** A file on the host, as the machine sees its disk: no connection is needed to look. */
  const onDisk = (path: string) => join(labPaths(bed.lab.name).host(HOST), "upper", path);
  const arrived = async () =>
    (await stat(onDisk(`/srv/lathe/delivery/.incoming/${incomingName(spec)}.tar`)).catch(() => undefined))?.size ?? 0;

  test("goes on where it stopped when SSH was cut in the middle of it", async () => {
    const sending = deliver(spec, archive).then(
      () => "delivered",
      (error: Error) => error.message,
    );
    while ((await arrived()) === 0) await sleep(1);
    await endSessions(HOST);
    expect(await sending).toMatch(/deliver model null|cannot be reached|no SSH connection/);
    const before = await arrived();
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(BYTES);
    expect(await deliver(spec, archive)).toBe("new");
    expect(await on(bed.lab, HOST, "stat -c %s /srv/lathe/delivery/models/null/1/saved_model.pb")).toBe(`${BYTES}`);
    await undeliver(spec);
  });

  test("that does not fit onto the host's disk is told as such, and goes on once there is room", async () => {
    await on(bed.lab, HOST, "mount -t tmpfs -o size=8m small /srv/small && mkdir /srv/small/lathe");
    const small = { ...spec, workspace: "/srv/small/lathe" };
    await expect(deliver(small, archive)).rejects.toThrow(/no space is left on its disk.*\n +fix: make room/s);
    await on(bed.lab, HOST, "mount -o remount,size=96m /srv/small");
    expect(await deliver(small, archive)).toBe("new");
  });

  test("that was cut short in the cache is not taken for the host's fault, and nothing of it is served", async () => {
    const whole = specOf(await readFile(archive), "/srv/lathe/delivery");
    const short = join(dir, "short.tar");
    await writeFile(short, (await readFile(archive)).subarray(0, 1 << 20));
    await expect(deliver(whole, short)).rejects.toThrow(/in Lathe's cache was changed or cut short.*fix: rm -r/s);
    expect(await on(bed.lab, HOST, "ls -A /srv/lathe/delivery/models /srv/lathe/delivery/.incoming")).not.toContain(
      "tar",
    );
  });

  /** Ends every SSH session of a host, not its sshd. */
  async function endSessions(host: string): Promise<void> {
    for (const pid of await processesOf(bed.lab.name, host)) {
      const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      if (/^sshd: \w+(@|$)/.test(command)) process.kill(pid, "SIGKILL");
    }
  }
});

test("thirty-two connections at once, at an sshd with its default MaxStartups, all get through", async () => {
  const alone = ["-o", "ControlMaster=no", "-o", "ControlPath=none"];
  const times = <T>(count: number, body: () => Promise<T>) => Promise.all(Array.from({ length: count }, body));
  const raw = await times(32, () => tryRun(["ssh", "-F", bed.lab.sshConfig, ...alone, HOST, "true"]));
  // Not all get through by themselves: else this would prove nothing.
  expect(raw.filter((r) => r.stderr.includes("kex_exchange_identification")).length).toBeGreaterThan(0);
  await tryRun(["ssh", "-F", bed.lab.sshConfig, "-O", "exit", HOST]);
  const ours = await times(32, () => runOn(target(), ["true"]));
  expect(ours.map((r) => r.code)).toEqual(ours.map(() => 0));
});

describe("in the middle of up", () => {
  test("the host's power is cut: told in time, and the next up mends it", async () => {
    await change();
    const startedAt = performance.now();
    const result = await upUnder("-container deleting", () => powerCut(bed.lab.name, HOST));
    expectWords(result, startedAt, 90, /cannot be reached|exited with exit status 255|timed out|No route to host/);
    await boot(bed.lab.name, HOST, progress());
    await expectHealed();
  });

  test("dockerd is killed: up ends in time, and the next one mends it", async () => {
    await change();
    const startedAt = performance.now();
    const result = await upUnder("-container creating", () => on(bed.lab, HOST, "kill -9 $(cat /run/docker.pid)"));
    if (result.code !== 0) expectWords(result, startedAt, 90, /Docker|docker/);
    await expect.poll(async () => (await tryOn(bed.lab, HOST, "docker version")).exitCode, { timeout: 30_000 }).toBe(0);
    await expectHealed();
  });

  test("the operator presses Ctrl-C: it ends by itself, and the next up goes on", async () => {
    await change();
    const engine = await startUp(stack, "-container creating", (kill) => kill("SIGINT"));
    expect(engine.output).toMatch(/cancel/i);
    await expectHealed();
  });

  test("it is killed outright: the next one says how to go on, makes no second container and loses none", async () => {
    await change();
    await startUp(stack, "-container creating", (kill) => kill("SIGKILL"));
    const locked = await tryUp(stack);
    expectWords(locked, performance.now(), 30, "currently locked", "pulumi cancel");
    expect((await pulumi(stack, ["cancel", "--yes", "--stack", STACK])).code).toBe(0);
    await expectHealed();
    expect(Object.keys((await tryUp(stack)).changes)).toEqual(["same"]);
  });

  test("a second operator with the same state is told to wait, and the first goes on", async () => {
    await change();
    let second: Promise<EngineResult> | undefined;
    const first = await tryUp({
      ...stack,
      onLine: (line) => {
        if (line.includes("-container deleting")) second ??= tryUp(stack);
      },
    });
    expect(first.code, first.output).toBe(0);
    expect(((await second)?.output ?? "").replaceAll("\n", " ")).toMatch(/currently locked/);
  });
});

test("somebody else's stack of the same name, on the same host, is refused and takes nothing away", async () => {
  const other = await makeBed();
  const theirs = await other.stack(STACK, { "lathe:host": HOST, "lathe:models": "null" });
  const startedAt = performance.now();
  expectWords(await tryUp(theirs), startedAt, 60, /belongs to a stack lathe\/trouble of somebody else/);
  await other.down();
  expect(await containers()).toBe("tf-serving running");
  expect(await on(bed.lab, HOST, `ls .lathe/lathe-${STACK}/models`)).toContain("null");
});

describe("a host that is gone for good", () => {
  test("destroy says what to do about it, and loses nothing", async () => {
    await powerCut(bed.lab.name, HOST);
    const startedAt = performance.now();
    const result = await destroyOf(stack);
    expectWords(result, startedAt, 90, `host ${HOST}: it cannot be reached`, `lathe:abandon true --stack ${STACK}`);
  });

  test("lathe:abandon refuses up, and lets destroy forget it and name what may be left", async () => {
    await setConfig(stack, { "lathe:abandon": "true" });
    expectWords(await tryUp(stack), performance.now(), 30, "lathe:abandon: this stack is to be forgotten");
    const startedAt = performance.now();
    const { code, output } = await destroyOf(stack);
    expect(code, output).toBe(0);
    expect((performance.now() - startedAt) / 1000).toBeLessThan(150);
    expect(output).toMatch(/may be left there: container tf-serving/);
    expect(output).toMatch(new RegExp(`may be left there: folder /root/.lathe/lathe-${STACK}`));
  });

  test("should it come back after all, a stack of its name says what is still there and how to be rid of it", async () => {
    await boot(bed.lab.name, HOST, progress());
    await pulumi(stack, ["config", "rm", "lathe:abandon", "--stack", STACK]);
    const result = await tryUp(stack);
    expectWords(result, performance.now(), 60, /or of a state that was lost/, /rm -r/);
    await on(bed.lab, HOST, `docker rm -f tf-serving; rm -r .lathe/lathe-${STACK}`);
    await expectHealed();
    expect((await destroyOf(stack)).code).toBe(0);
    expect(await bed.leftOn(HOST)).toBe("");
    expect(hostOf(bed.lab, HOST).name).toBe(HOST);
  });
});
