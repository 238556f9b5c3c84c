import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  labDown,
  labStatus,
  labUp,
  mirrorImage,
  pushImage,
  readLab,
  setLink,
  type PushedImage,
} from "../../lab/index.ts";
import { boot, powerCut } from "./power.ts";
import { processesOf } from "../../lab/hosts/cgroups.ts";
import { findLeftovers } from "../../lab/leftovers.ts";
import { labPaths } from "../../lab/names.ts";
import { layerOver } from "../../lab/layers/over.ts";
import { manifestDigest } from "../../lab/registry/registry.ts";
import { hostOf, type Lab } from "../../lab/state.ts";
import { progress } from "../../lib/progress.ts";
import { freshLab } from "./fresh.ts";
import { TEST_LAB } from "./setup.ts";
import {
  connectMs,
  fetchFrom,
  killedUp,
  machineState,
  namespacesOf,
  on,
  present,
  processesIn,
  smallImage,
  tryOn,
} from "./tools.ts";

const ROLES = ["client", "cloud", "edge"];

let lab: Lab;
beforeAll(async () => {
  lab = await readLab(TEST_LAB);
});

const each = (line: string) => Promise.all(ROLES.map((role) => on(lab, role, line)));

describe("three hosts", () => {
  test("have a name, a host key and a Docker engine of their own", async () => {
    expect(await each("hostname")).toEqual(ROLES);
    expect(new Set(await each("cat /etc/ssh/ssh_host_ed25519_key.pub")).size).toBe(3);
    const ids = await each("docker info --format '{{.ID}} {{.Driver}}'");
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/ overlay2$/);
  });

  test("have the cores and the CPU share that the lab says, as seen by a process that ssh started", async () => {
    for (const host of lab.hosts) {
      const seen = await on(
        lab,
        host.name,
        "nproc; grep Cpus_allowed_list /proc/self/status | cut -f2; cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cat /sys/fs/cgroup/init/cpu.max",
      );
      const [nproc, cpuset, quota] = seen.split("\n");
      expect([nproc, cpuset]).toEqual([String(host.cpus), host.cpuset]);
      const expected =
        host.quotaCpus === null ? /^(-1|max)/ : new RegExp(`^${Math.round(host.quotaCpus * 100_000)}\\b`);
      expect(quota).toMatch(expected);
    }
    const limits = lab.hosts.map((h) => `${h.cpuset} ${h.quotaCpus}`);
    expect(new Set(limits).size).toBe(3);
  });

  test("share no file, no process and no network interface", async () => {
    await on(
      lab,
      "client",
      "echo mine > /root/only-here; touch /tmp/only-here /dev/shm/only-here /var/lib/docker/only-here",
    );
    for (const other of ["cloud", "edge"]) {
      expect(
        await on(
          lab,
          other,
          "ls -d /root/only-here /tmp/only-here /dev/shm/only-here /var/lib/docker/only-here 2>/dev/null | wc -l",
        ),
      ).toBe("0");
      expect(await on(lab, other, "ps ax | grep -c 'sshd: [/]usr/sbin/sshd'")).toBe("1");
      expect(await on(lab, other, `grep -c ${labPaths(TEST_LAB).dir}/ /proc/mounts || true`)).toBe("1");
    }
    expect(new Set(await each("readlink /proc/self/ns/net")).size).toBe(3);
    expect(new Set(await each("readlink /proc/self/ns/ipc")).size).toBe(3);
    await on(lab, "client", "rm /root/only-here /tmp/only-here /dev/shm/only-here /var/lib/docker/only-here");
  });

  test("are reached with the lab's key only, and by no password", async () => {
    const without = await tryOn({ ...lab, sshConfig: "/dev/null" }, `root@${hostOf(lab, "edge").address}`, "true");
    expect(without.exitCode).toBe(255);
    const text = await readFile(lab.sshConfig, "utf8");
    const stranger = join(labPaths(TEST_LAB).dir, "stranger");
    await writeFile(
      stranger,
      text.replace(/IdentityFile .*/g, "IdentityFile /dev/null").replace(/Control(Path|Master|Persist).*/g, ""),
    );
    const refused = await tryOn({ ...lab, sshConfig: stranger }, "edge", "true");
    expect(refused.stderr).toMatch(/Permission denied \(publickey\)/);
  });

  test("up again leaves them alone", async () => {
    const again = await labUp({ name: TEST_LAB }, progress());
    expect(again).toEqual(lab);
    const status = await labStatus(TEST_LAB);
    expect(status.hosts.map((h) => h.state)).toEqual(["up", "up", "up"]);
    expect(status.registry.answers).toBe(true);
  });
});

describe("images and containers", () => {
  let image: PushedImage;
  beforeAll(async () => {
    image = await pushImage(lab, await smallImage(), progress());
  });
  afterAll(async () => {
    await each(`docker rm -f web 2>/dev/null; docker rmi -f ${image.reference} 2>/dev/null || true`);
  });

  test("the registry serves an image by digest, and a second push does nothing", async () => {
    expect(await manifestDigest(lab.registry.address, "lathe/small", image.digest)).toBe(image.digest);
    expect(await pushImage(lab, await smallImage(), progress())).toEqual({ ...image, sentBytes: 0 });
    await on(lab, "edge", `docker pull -q ${image.reference}`);
    const config = await on(lab, "edge", `docker image inspect ${image.reference} --format '{{json .Config}}'`);
    expect(JSON.parse(config)).toMatchObject({ Cmd: ["small"], Labels: { purpose: "test" } });
    expect((JSON.parse(config) as { Env: string[] }).Env).toContain('COST=5$ "net"');
  });

  test("layers lie over each other on a host, whiteouts act, and a second kind's image sends what is its own alone", async () => {
    const small = await smallImage();
    // New content with each run: nothing of it is in the registry.
    const fresh = randomBytes(8).toString("hex");
    const first = await layerOver(small.layers, `first-${fresh}`, async (root) => {
      await mkdir(join(root, "opt/kept"), { recursive: true });
      await writeFile(join(root, "opt/kept/file"), "first");
      await writeFile(join(root, "opt/gone"), "first");
      await mkdir(join(root, "opt/anew"));
      await writeFile(join(root, "opt/anew/old"), randomBytes(2_000_000));
    });
    const second = await layerOver([...small.layers, first], `second-${fresh}`, async (root) => {
      await rm(join(root, "opt/gone"));
      await rm(join(root, "opt/anew"), { recursive: true });
      await mkdir(join(root, "opt/anew"));
      await writeFile(join(root, "opt/anew/new"), "second");
    });
    const below = { ...small, name: `lathe/below-${fresh}`, layers: [...small.layers, first] };
    const above = { ...small, name: `lathe/above-${fresh}`, layers: [...small.layers, first, second] };
    const sent = [await pushImage(lab, below, progress()), await pushImage(lab, above, progress())] as const;
    expect(sent[0].sentBytes).toBeGreaterThan(2_000_000);
    expect(sent[0].sentBytes).toBeLessThan(2_100_000);
    expect(sent[1].sentBytes).toBeGreaterThan(0);
    expect(sent[1].sentBytes).toBeLessThan(30_000);
    expect((await pushImage(lab, above, progress())).sentBytes).toBe(0);
    const seen = await on(
      lab,
      "edge",
      `docker pull -q ${sent[1].reference} >/dev/null && docker run --rm --entrypoint /usr/bin/dash ${sent[1].reference} -c 'echo /opt/* /opt/*/*; cat /opt/kept/file'`,
    );
    expect(seen).toBe("/opt/anew /opt/kept /opt/anew/new /opt/kept/file\nfirst");
    const layers = await on(lab, "edge", `docker image inspect ${sent[1].reference} --format '{{len .RootFS.Layers}}'`);
    expect(layers).toBe(String(small.layers.length + 2));
    await on(lab, "edge", `docker rmi ${sent[1].reference}`);
    for (const layer of [first, second]) await rm(dirname(layer.dir), { recursive: true });
  }, 120_000);

  test("an image of another registry is copied, and has the same digest", async () => {
    const copied = await mirrorImage(lab, image.reference, progress(), true);
    // The same bytes have the same digest, whichever registry has them.
    expect(copied).toBe(image.reference);
    const elsewhere = image.reference.replace("/lathe/small@", "/lathe/none@");
    await expect(mirrorImage(lab, elsewhere, progress(), true)).rejects.toThrow(/skopeo/);
  }, 180_000);

  test("a published port is reached from the other hosts, from its own and from the machine", async () => {
    const { address } = hostOf(lab, "cloud");
    await on(lab, "cloud", `docker run -d --name web -p 8080:8080 ${image.reference} from-the-cloud`);
    for (const from of ROLES) {
      await expect
        .poll(() => fetchFrom(lab, from, address, 8080).catch(String), { timeout: 10_000 })
        .toBe("from-the-cloud");
    }
    expect(await (await fetch(`http://${address}:8080/`)).text()).toBe("from-the-cloud");
    await on(lab, "cloud", "docker rm -f web");
  });

  test("Docker is reached through ssh as Docker's own clients reach it", async () => {
    const request = "GET /_ping HTTP/1.1\\r\\nHost: docker\\r\\nConnection: close\\r\\n\\r\\n";
    expect(await on(lab, "edge", `printf '${request}' | docker system dial-stdio`)).toMatch(/^HTTP\/1.1 200 OK[^]*OK$/);
  });

  test("a container keeps to the host's CPUs, and Docker's limits and hardening act", async () => {
    const run = (host: string, flags: string, line: string) =>
      on(lab, host, `docker run --rm ${flags} --entrypoint /usr/bin/dash ${image.reference} -c '${line}'`);
    for (const host of lab.hosts) expect(await run(host.name, "", "nproc")).toBe(String(host.cpus));
    const { cpuset } = hostOf(lab, "edge");
    const outside = cpuset === "0" ? "1" : "0";
    const refused = await tryOn(lab, "edge", `docker run --rm --cpuset-cpus ${outside} ${image.reference}`);
    expect(refused.exitCode).not.toBe(0);
    expect(await run("cloud", "--cpuset-cpus 0", "grep Cpus_allowed_list /proc/self/status")).toMatch(/\s0$/);
    const hard = "--read-only --cap-drop ALL --security-opt no-new-privileges --memory 64m --pids-limit 20";
    const seen = await run(
      "cloud",
      hard,
      "touch /file 2>/dev/null || echo read-only; grep -E CapEff.*0000000000000000 /proc/self/status; grep NoNewPrivs /proc/self/status; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; true",
    );
    expect(seen.split(/\s+/)).toEqual([
      "read-only",
      "CapEff:",
      "0000000000000000",
      "NoNewPrivs:",
      "1",
      String(64 * 2 ** 20),
      "20",
    ]);
  });
});

describe("a link", () => {
  test("holds back what goes over it, by as much as asked, and is as before when cleared", async () => {
    const { address } = hostOf(lab, "edge");
    const before = await connectMs(address, 22);
    await setLink(TEST_LAB, "edge", { delayMs: 15, bandwidthMbit: 40 }, progress());
    const slow = await connectMs(address, 22);
    expect(slow - before).toBeGreaterThan(29.5);
    expect(slow - before).toBeLessThan(36);
    await on(lab, "edge", "true");
    const start = performance.now();
    await on(lab, "edge", "head -c 4000000 /dev/urandom");
    const mbit = (4_000_000 * 8) / 1000 / (performance.now() - start);
    expect(mbit).toBeLessThan(40);
    expect(mbit).toBeGreaterThan(15);
    expect(await connectMs(hostOf(lab, "cloud").address, 22)).toBeLessThan(5);
    expect(hostOf(await readLab(TEST_LAB), "edge").link).toMatchObject({ delayMs: 15, bandwidthMbit: 40 });
    await setLink(TEST_LAB, "edge", { delayMs: 0, bandwidthMbit: null }, progress());
    expect(await connectMs(address, 22)).toBeLessThan(5);
  });
});

describe("power", () => {
  test("a cut ends every process of the host and leaves its disk; booted, it is the same host with the same link", async () => {
    const { address } = hostOf(lab, "edge");
    await on(lab, "edge", "echo kept > /root/kept");
    const id = await on(lab, "edge", "docker info --format '{{.ID}}'");
    await setLink(TEST_LAB, "edge", { delayMs: 10, bandwidthMbit: null }, progress());
    await powerCut(TEST_LAB, "edge");
    await expect(connectMs(address, 22, 1)).rejects.toThrow();
    expect((await labStatus(TEST_LAB)).hosts.map((h) => h.state)).toEqual(["up", "up", "down"]);
    await boot(TEST_LAB, "edge", progress());
    expect(await on(lab, "edge", "cat /root/kept; docker info --format '{{.ID}}'")).toBe(`kept\n${id}`);
    expect(await connectMs(address, 22)).toBeGreaterThan(19.5);
    await setLink(TEST_LAB, "edge", { delayMs: 0, bandwidthMbit: null }, progress());
    await on(lab, "edge", "rm /root/kept");
  });
});

describe("down", () => {
  const other = "lathe-brief";

  test("leaves nothing behind, also of a host without Docker, of open connections and of a lab that lost a part", async () => {
    await labDown(other, progress());
    const before = await machineState(other);
    const made = await labUp({ name: other, hosts: [{ name: "alone", docker: false }] }, progress());
    expect(made.subnet).not.toBe(lab.subnet);
    expect(await on(made, "alone", "hostname; command -v docker dockerd || echo no docker")).toBe("alone\nno docker");
    await setLink(other, "alone", { delayMs: 5, bandwidthMbit: null }, progress());
    const ours = await namespacesOf([process.pid]);
    const theirs = new Set([...(await namespacesOf(await processesOf(other)))].filter((name) => !ours.has(name)));
    expect(theirs.size).toBeGreaterThanOrEqual(12);
    const inside = await processesIn(theirs);
    expect(inside.length).toBeGreaterThan(4);
    await powerCut(other, "alone");
    expect((await findLeftovers(other)).processes.length).toBeGreaterThan(0);
    expect(await labDown(other, progress())).toBe(true);
    await sleep(200);
    expect(await findLeftovers(other)).toEqual({ processes: [], mounts: [], interfaces: [], cgroups: [], files: [] });
    expect(await machineState(other)).toEqual(before);
    // A namespace ends with its last process, or with the mount that holds it (see machineState). Of a killed process
    // a number may stay for a moment, until the machine's init has taken note.
    await expect.poll(() => present(inside), { timeout: 10_000 }).toEqual([]);
    expect(await labDown(other, progress())).toBe(false);
  });

  test("a lab that an earlier run left is used again by up, and is a new one where tests ask for it", async () => {
    const spec = { name: other, hosts: [{ name: "alone", docker: false }] };
    const look = async (made: Lab) => on(made, "alone", "cat /root/deployed || echo nothing");
    const made = await freshLab(spec, progress());
    await on(made, "alone", "echo by an earlier run > /root/deployed");
    expect(await look(await labUp(spec, progress()))).toBe("by an earlier run");
    expect(await look(await freshLab(spec, progress()))).toBe("nothing");
    await labDown(other, progress());
  });

  test("after a killed up there is a lab again with one more up, or nothing with a down", async () => {
    const before = await machineState(other);
    for (const killAfterMs of [500, 900, 1300]) {
      await killedUp(other, killAfterMs);
      if (killAfterMs === 900) {
        await labUp({ name: other }, progress());
        expect((await labStatus(other)).hosts.map((h) => h.state)).toEqual(["up", "up", "up"]);
      }
      await labDown(other, progress());
      expect(await findLeftovers(other)).toEqual({ processes: [], mounts: [], interfaces: [], cgroups: [], files: [] });
      expect(await machineState(other)).toEqual(before);
    }
  });
});
