import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { Link } from "../matrix/link.ts";
import { openTalk } from "../targets/talk.ts";
import { sampleMachine } from "../testing/sample-run.ts";
import { type LinkHost, linkHost } from "./host.ts";
import { layLink } from "./lay.ts";

const dir = mkdtempSync(join(tmpdir(), "lathe-links-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const file = (name: string) => join(dir, name);
const MARK = file("mark");

/** Programs of a machine, as files: `tc` keeps what it was told in `qdisc`, fails of what stands in `unknown`, and replaces no htb, as Linux does. */
const PROGRAMS: Readonly<Record<string, string>> = {
  getent: 'echo "10.0.0.2 STREAM other"',
  id: "echo 0",
  ip: `case "$*" in *"route get"*) echo "10.0.0.2 dev eth7 src 10.0.0.1 uid 0";; esac`,
  docker: "echo 0",
  ping: `case "$*" in
*-D*) for i in 1 2 3 4 5 6 7 8 9 10; do echo "[1732770000.1$(printf %02d $i)000] 1480 bytes from 10.0.0.2: icmp_seq=$i ttl=64 time=1 ms"; done;;
*) for t in 1.5 2.5 3.5; do echo "64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=$t ms"; done; echo; echo "3 packets";;
esac`,
  tc: `case "$*" in
"qdisc show"*) cat ${file("root")} ;;
*delete*) echo "$*" >> ${file("log")}; rm -f ${file("qdisc")} ;;
*"qdisc replace"*htb*) if [ -s ${file("qdisc")} ]; then echo "Error: Change operation not supported by specified qdisc." >&2; exit 2; fi
  echo "$*" >> ${file("qdisc")} ;;
*) if [ -s ${file("unknown")} ] && echo "$*" | grep -q -f ${file("unknown")}; then echo "Error: Specified qdisc kind is unknown." >&2; exit 2; fi
  echo "$*" >> ${file("qdisc")} ;;
esac`,
};

const machine = { ...sampleMachine("edge"), ssh: null };
const talkHere: typeof openTalk = (ssh, text, args, fault) =>
  openTalk(
    ssh,
    text,
    args.map((arg) => arg.replaceAll("/run/lathe-link", MARK)),
    fault,
  );
const open = (leaseSeconds?: number) => linkHost(machine, "other", ["box"], talkHere, leaseSeconds);
const told = () => (existsSync(file("qdisc")) ? readFileSync(file("qdisc"), "utf8").trim().split("\n") : []);
const ends = (one: LinkHost, other: LinkHost) => ({ client: machine, server: machine, hosts: [one, other] as const });
const rate = Link.parse({ name: "slow", mbit: 10 });

beforeEach(() => {
  process.env["PATH"] = `${dir}:${(process.env["PATH"] ?? "").replace(`${dir}:`, "")}`;
  for (const [name, body] of Object.entries(PROGRAMS)) {
    writeFileSync(file(name), `#!/bin/sh\n${body}\n`);
    chmodSync(file(name), 0o755);
  }
  for (const name of ["qdisc", "log", "mark"]) rmSync(file(name), { force: true });
  writeFileSync(file("root"), "qdisc noqueue 0: root refcnt 2\n");
  writeFileSync(file("unknown"), "");
});

describe("one end of a link on a machine without a lab", () => {
  it("is laid with the machine's own device and the other's address, and undone", async () => {
    const host = await open();
    expect(await host.begin()).toBeUndefined();
    expect(readFileSync(MARK, "utf8")).toMatch(/^eth7\nprocess \d+ on /);
    expect(await host.tc("filter add dev @dev match ip dst @peer/32")).toBeUndefined();
    expect(told()).toEqual(["filter add dev eth7 match ip dst 10.0.0.2/32"]);
    await host.undo();
    expect([told(), existsSync(MARK)]).toEqual([[], false]);
    await host.close();
  });

  it("measures echoes and a train, and tells how congestion is controlled", async () => {
    const host = await open();
    const found = await host.measure(rate, "tbf");
    expect(found).toMatchObject({ rttMs: { min: 1.5, median: 2.5, max: 3.5 }, lost: 17 });
    // A packet of 1500 bytes each millisecond.
    expect("unread" in found ? NaN : found.mbit).toBeCloseTo(12, 1);
    expect(await host.forget()).toMatch(/^[a-z]+$/);
    writeFileSync(file("ping"), "#!/bin/sh\necho 'ping: lacking privilege' >&2; exit 2\n");
    expect(await host.measure(rate, "tbf")).toEqual({ unread: "ping: lacking privilege" });
    await host.close();
  });

  it("is refused on a device that somebody has given a discipline", async () => {
    writeFileSync(file("root"), "qdisc cake 8001: root refcnt 2 bandwidth 50Mbit\n");
    const host = await open();
    await expect(host.begin()).rejects.toThrow(
      /"edge" cannot be laid: device eth7 has a queueing discipline that is not Lathe's \(8001:\)/,
    );
    await host.close();
    expect([existsSync(MARK), existsSync(file("log"))]).toEqual([false, false]);
  });

  it("is refused in words where the kernel cannot, with both ends as they were", async () => {
    writeFileSync(file("unknown"), "netem\n");
    const [one, other] = [await open(), await open()];
    const far = Link.parse({ name: "far", rttMs: 20, loss: 0.1 });
    await expect(
      layLink(
        ends(one, other),
        far,
        1,
        () => {},
        () => Promise.resolve(undefined),
      ),
    ).rejects.toThrow(
      /link far \(\+20 ms, 10 % lost\) cannot be laid: the kernel of "edge" refuses tc qdisc add: Error: Specified qdisc kind is unknown/,
    );
    expect([told(), existsSync(MARK)]).toEqual([[], false]);
    await Promise.all([one.close(), other.close()]);
  });

  it("is refused in words where tc is not there, and where no route leads to the other end, with nothing left", async () => {
    writeFileSync(file("tc"), "#!/bin/sh\necho 'sh: 1: tc: not found' >&2; exit 127\n");
    const host = await open();
    const lay = (one: LinkHost) =>
      layLink(
        ends(one, one),
        rate,
        1,
        () => {},
        () => Promise.resolve(undefined),
      );
    await expect(lay(host)).rejects.toThrow(
      /the kernel of "edge" refuses tc qdisc replace: sh: 1: tc: not found\n.*tc on both machines\n.*install -y iproute2/,
    );
    writeFileSync(file("ip"), "#!/bin/sh\necho 'RTNETLINK answers: Network is unreachable' >&2; exit 2\n");
    await expect(lay(host)).rejects.toThrow(
      /the link of "edge" cannot be laid: no route leads to other \(10\.0\.0\.2\)/,
    );
    await host.close();
    expect(existsSync(MARK)).toBe(false);
  });

  it("tells when its program is gone, and needs no undoing then", async () => {
    const [host, other] = [await open(), await open()];
    const laid = await layLink(
      ends(host, { ...other, begin: () => Promise.resolve(undefined), tc: () => Promise.resolve(undefined) }),
      rate,
      1,
      () => {},
      () => Promise.resolve(undefined),
    );
    expect(laid.up()).toBe(true);
    await host.close();
    expect([laid.up(), existsSync(MARK)]).toEqual([false, false]);
    await laid.undo();
    await other.close();
  });

  it("does without a seed where netem takes none", async () => {
    writeFileSync(file("unknown"), "seed\n");
    const host = await open();
    const idle: LinkHost = { ...host, begin: () => Promise.resolve(undefined), tc: () => Promise.resolve(undefined) };
    const lossy = Link.parse({ name: "lossy", loss: 0.1 });
    const laid = await layLink(
      ends(host, idle),
      lossy,
      1,
      () => {},
      () => Promise.resolve(undefined),
    );
    expect([laid.means, laid.seed]).toEqual(["netem", undefined]);
    expect(told().at(-1)).toMatch(/loss 10%$/);
    await laid.undo();
    await host.close();
  });

  it("is undone where its bench is killed", async () => {
    const program = `
      import { linkHost } from ${JSON.stringify(join(import.meta.dirname, "host.ts"))};
      import { openTalk } from ${JSON.stringify(join(import.meta.dirname, "../targets/talk.ts"))};
      const [machine, mark] = JSON.parse(process.argv[1]);
      const open = (ssh, text, args, fault) => openTalk(ssh, text, args.map((a) => a.replaceAll("/run/lathe-link", mark)), fault);
      const host = await linkHost(machine, "other", [], open);
      await host.begin();
      await host.tc("qdisc replace dev @dev root");
      process.stdout.write("laid");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, JSON.stringify([machine, MARK])]);
    await new Promise((resolve, reject) => {
      child.stdout.on("data", resolve);
      child.on("close", reject);
    });
    expect([told().length, existsSync(MARK)]).toEqual([1, true]);
    child.kill("SIGKILL");
    await expect.poll(() => [told().length, existsSync(MARK)], { timeout: 30_000 }).toEqual([0, false]);
    expect(readFileSync(file("log"), "utf8")).toBe("qdisc delete dev eth7 root\n");
  });

  it("is undone by its guard where its program is killed too", async () => {
    const host = await open(1);
    await host.begin();
    await host.tc("qdisc replace dev @dev root");
    // What the program notes of itself: its guard is another process.
    const pid = spawnSync("pgrep", ["-f", `^sh -euc by=.*${MARK}`])
      .stdout.toString()
      .trim()
      .split("\n")[0];
    process.kill(Number(pid), "SIGKILL");
    await expect.poll(() => [told().length, existsSync(MARK)], { timeout: 60_000 }).toEqual([0, false]);
    await host.close();
  });

  it("is left to a bench that is at work", async () => {
    writeFileSync(MARK, "eth3\nprocess 7 on desk\n");
    const beats = setInterval(() => utimesSync(MARK, new Date(), new Date()), 100);
    const host = await open(3);
    await expect(host.begin()).rejects.toThrow(/another bench \(process 7 on desk\) has laid a link here/);
    clearInterval(beats);
    await host.close();
    expect([existsSync(MARK), existsSync(file("log"))]).toEqual([true, false]);
  });

  it("is taken over from a bench that went silent, and that is said", async () => {
    writeFileSync(MARK, "eth3\nprocess 7 on desk\n");
    const longAgo = new Date(Date.now() - 120_000);
    utimesSync(MARK, longAgo, longAgo);
    const said: string[] = [];
    const host = await open();
    const idle: LinkHost = { ...host, begin: () => Promise.resolve(undefined), tc: () => Promise.resolve(undefined) };
    await layLink(
      ends(host, idle),
      rate,
      1,
      (text) => said.push(text),
      () => Promise.resolve(undefined),
    );
    expect(said).toEqual(['A killed bench (process 7 on desk) had left a link on "edge". It is undone now.']);
    expect(readFileSync(file("log"), "utf8")).toContain("qdisc delete dev eth3 root");
    await host.close();
    expect(existsSync(MARK)).toBe(false);
  });
});
