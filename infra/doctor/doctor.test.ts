import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { edgeFacts } from "../../test/program/mocks.ts";
import { diagnoseSsh } from "../hosts/connection/diagnose.ts";
import { hostChecks } from "./checks.ts";
import { connectionChecks } from "./connection.ts";
import type { Findings } from "./findings.ts";
import { parseExamination } from "./parse.ts";
import { letter, twin } from "../config/testing/kinds.ts";
import { UserError } from "../../lib/errors.ts";
import { portsFor, wantedServer } from "./wanted.ts";

const FACTS = readFileSync(join(import.meta.dirname, "../hosts/facts/fixtures/hyper-threading-on.txt"), "utf8");

const SAID = `${FACTS}
@@sudo
free
@@disk-docker
Filesystem     1024-blocks      Used Available Capacity Mounted on
/dev/mapper/vg root    263174212 140000000 109740000      57% /var/lib/docker
@@disk-home
Filesystem     1024-blocks      Used Available Capacity Mounted on
/dev/sda1        263174212 140000000   1048576      57% /
@@docker-root
/var/lib/docker
@@mounts
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 254:16 / /home rw,nosuid,nodev shared:9 - ext4 /dev/vdb rw
31 22 0:40 / /mnt/a\\040b ro - tmpfs tmpfs ro
@@flags
flags		: fpu vme avx avx2
@@available
MemAvailable:   12345678 kB
@@load
0.08 0.03 0.01 1/321 4242
@@listeners
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 20123 1 0000000000000000 100 0 0 10 0
   1: 0100007F:2134 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 20124 1 0000000000000000 100 0 0 10 0
   2: 0700020A:0016 0100020A:D431 01 00000000:00000000 02:000A1B2C 00000000     0        0 20125 4 0000000000000000 20 4 29 10 -1
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:2135 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 20126 1 0000000000000000 100 0 0 10 0
@@containers
tf-serving|lathe/edge|0.0.0.0:8500-8501->8500-8501/tcp, :::9000->80/tcp
db||127.0.0.1:5432->5432/tcp
@@governor
      6 powersave
      2 performance
@@turbo
no_turbo 0
@@doctor-end
`;

const findings = (changes: Partial<Findings> = {}, said = SAID): Findings => ({
  target: { destination: "ubuntu@edge" },
  facts: edgeFacts,
  user: "ubuntu",
  home: "/home/ubuntu",
  docker: undefined,
  examination: parseExamination(said),
  clock: { offsetMs: 12, uncertaintyMs: 20 },
  workspace: ".lathe/PROJECT-STACK",
  kind: {
    defaultImage: "registry.example/server",
    imageNeeds: { architectures: ["amd64"], flags: ["avx"] },
    settings: z.strictObject({}),
    settingsFor: ({ cpu }) => ({
      settings: {},
      placement: { physicalCores: 4, reason: `${cpu.allowed.length / 2} physical cores may be used.` },
    }),
  },
  ports: [
    { protocol: "grpc", port: 8500 },
    { protocol: "rest", port: 8501 },
  ],
  ...changes,
});

const verdicts = (f: Findings) => Object.fromEntries(hostChecks(f).map((c) => [c.check, c.verdict]));
const checked = (f: Findings, name: string) => hostChecks(f).find((c) => c.check === name);

test("what a host tells is read: disks, ports in both versions of IP, port ranges, governors, turbo", () => {
  expect(parseExamination(SAID)).toEqual({
    sudo: "free",
    dockerFreeBytes: 109740000 * 1024,
    homeFreeBytes: 2 ** 30,
    dockerRoot: "/var/lib/docker",
    mounts: [
      { path: "/", options: ["rw", "relatime"] },
      { path: "/home", options: ["rw", "nosuid", "nodev"] },
      { path: "/mnt/a b", options: ["ro"] },
    ],
    engineArch: undefined,
    flags: new Set(["fpu", "vme", "avx", "avx2"]),
    availableBytes: 12345678 * 1024,
    load: 0.08,
    listening: [22, 8500, 8501],
    containers: [
      {
        name: "tf-serving",
        owner: "lathe/edge",
        ports: [
          [8500, 8501],
          [9000, 9000],
        ],
      },
      { name: "db", owner: "", ports: [[5432, 5432]] },
    ],
    governors: [
      { governor: "powersave", cpus: 6 },
      { governor: "performance", cpus: 2 },
    ],
    turbo: true,
  });
  expect(parseExamination(SAID.replace("no_turbo 0", "boost 0")).turbo).toBe(false);
});

test("an answer that was cut short is said to be, and judged by nobody", () => {
  expect(() => parseExamination(SAID.slice(0, -20))).toThrow("cut short");
});

test("a host in order is ok but for what only touches measurements, each with what to do", () => {
  const free = SAID.replace(/@@listeners[^]*@@containers[^]*@@governor/, "@@listeners\n@@containers\n@@governor");
  const f = findings({}, free);
  expect(Object.values(verdicts(f))).not.toContain("stop");
  const notes = hostChecks(f).filter((c) => c.verdict === "note");
  expect(notes.map((c) => c.check)).toEqual(["disk (models)", "CPU governor", "turbo"]);
  expect(notes.every((c) => (c.fix ?? "") !== "")).toBe(true);
  expect(checked(f, "cores")?.found).toContain("4 physical cores may be used");
});

test("the ports that are looked at are the server kind's own, or as they are named by protocol", () => {
  expect(portsFor(twin, undefined)).toEqual([
    { protocol: "grpc", port: 8500 },
    { protocol: "rest", port: 8501 },
  ]);
  expect(portsFor(twin, "rest=9501")).toMatchObject([{ port: 8500 }, { port: 9501 }]);
  expect(portsFor(letter, undefined)).toEqual([{ protocol: "rest", port: 8501 }]);
  for (const wrong of ["grpc=1", "rest=0", "rest", "rest=1,rest=2", "rest=70000"])
    expect(() => portsFor(letter, wrong), wrong).toThrow(UserError);
  const usual = wantedServer();
  expect(usual.ports).toEqual(usual.kind.endpoints.map((e) => ({ protocol: e.protocol, port: e.defaultPort })));
  expect(checked(findings({ kind: usual.kind }), "cores")?.found).toContain("4 physical cores may be used");
  expect(() => wantedServer("nothing")).toThrow('--server: "nothing": there is none of that name');
});

describe("what would stop up", () => {
  test("is a Docker that is not there, of which the way to it depends on what the user may", () => {
    const docker = { kind: "no-docker" } as const;
    expect(checked(findings({ docker }), "Docker")).toMatchObject({ verdict: "stop" });
    expect(checked(findings({ docker }), "Docker")?.fix).not.toContain("needs sudo");
    const locked = findings({ docker }, SAID.replace("@@sudo\nfree", "@@sudo\npassword"));
    expect(checked(locked, "Docker")?.fix).toContain("needs sudo without a password");
    expect(checked(findings({ docker: { kind: "docker-old", version: "19.03.15" } }), "Docker")?.found).toContain(
      "19.03",
    );
  });

  test("is a port that something else holds; one that Lathe itself holds is a note", () => {
    expect(checked(findings(), "port 8500 (gRPC)")).toMatchObject({ verdict: "note" });
    const stranger = findings({
      ports: [
        { protocol: "grpc", port: 22 },
        { protocol: "rest", port: 5432 },
      ],
    });
    expect(checked(stranger, "port 22 (gRPC)")?.found).toBe("taken by another program");
    expect(checked(stranger, "port 22 (gRPC)")?.fix).toContain(
      "npx lathe pulumi config set --path lathe:ports.grpc PORT",
    );
    expect(checked(stranger, "port 5432 (REST)")?.verdict).toBe("ok");
  });

  test("is a disk or a memory that is too small", () => {
    const full = findings({}, SAID.replace("109740000", "1000000"));
    expect(checked(full, "disk (images)")).toMatchObject({ verdict: "stop" });
    const small = findings({ facts: { ...edgeFacts, memoryBytes: 2 ** 26 } });
    expect(checked(small, "memory")).toMatchObject({ verdict: "stop" });
  });
});

describe("what does not fit is named before anything is deployed", () => {
  const asked = (reference: string, ...platforms: string[]) =>
    ({ reference, there: { ok: true, image: { digest: `sha256:${"a".repeat(64)}`, platforms } } }) as const;
  const arm = { facts: { ...edgeFacts, arch: "aarch64" } };

  test("an image without a build for the host's processor", () => {
    expect(checked(findings(), "processor")).toMatchObject({ verdict: "ok", found: "amd64" });
    expect(checked(findings(arm), "processor")).toMatchObject({
      ...{ verdict: "stop", found: "arm64, and image registry.example/server has builds for linux/amd64 only" },
      fix: expect.stringContaining("lathe:image") as string,
    });
    // 32-bit systems on 64-bit kernels, as for Raspberry Pis: the engine says what it runs.
    const pi = findings(
      { ...arm, image: asked("a:1", "linux/arm64", "linux/amd64") },
      `@@docker\n20.10.24 1.41\narch arm\nexit 0\n${SAID.replace(/@@docker\n[^@]*/, "")}`,
    );
    expect(checked(pi, "processor")?.found).toContain(
      "arm (its engine; the kernel is arm64), and image a:1 has builds for",
    );
    // The one that is named is asked for, and not the kind's own.
    expect(checked(findings({ ...arm, image: asked("a:1", "linux/amd64", "linux/arm64") }), "processor")?.verdict).toBe(
      "ok",
    );
    expect(checked(findings({ image: asked("a:1", "linux/arm64") }), "processor")?.verdict).toBe("stop");
    const silent = { reference: "a:1", there: { ok: false, said: "toomanyrequests" } } as const;
    expect(checked(findings({ image: silent }), "processor")).toMatchObject({
      ...{ verdict: "note", found: "amd64; nothing is known of a:1: toomanyrequests" },
    });
  });

  test("a processor without what the image's build needs", () => {
    const old = SAID.replace("avx avx2", "sse4_2");
    expect(checked(findings({}, old), "processor")?.found).toContain(
      "amd64 without AVX, which image registry.example/server needs",
    );
    expect(checked(findings({}, old), "processor")?.verdict).toBe("stop");
    expect(checked(findings({ image: asked("mine:1", "linux/amd64") }, old), "processor")?.verdict).toBe("note");
    // A host that does not tell its processor's flags is not taken for one without.
    expect(checked(findings({}, SAID.replace(/@@flags[^@]*/, "@@flags\n")), "processor")?.verdict).toBe("ok");
  });

  test("controllers that are switched off, with how they are switched on", () => {
    expect(checked(findings(), "limits")?.verdict).toBe("ok");
    const docker = { ...edgeFacts.docker, lacks: ["memory" as const] };
    expect(checked(findings({ facts: { ...edgeFacts, docker } }), "limits")).toMatchObject({
      verdict: "note",
      found: expect.stringContaining("no memory limit") as string,
      fix: expect.stringContaining("cgroup_enable=memory cgroup_memory=1") as string,
    });
  });

  test("a snap's Docker, which does not see the workspace", () => {
    const snap = SAID.replace("/var/lib/docker\n@@mounts", "/var/snap/docker/common/var-lib-docker\n@@mounts");
    const verdict = (workspace: string) => checked(findings({ workspace }, snap), "workspace")?.verdict;
    expect([".lathe/lathe-edge", "/srv/lathe", "/home/ubuntu/.x/y", "/home/other/x"].map(verdict)).toEqual(
      Array(4).fill("stop"),
    );
    expect(["lathe/edge", "/home/ubuntu/lathe/.edge"].map(verdict)).toEqual(["ok", "ok"]);
    expect(checked(findings({}, snap), "workspace")?.fix).toContain("pulumi config set lathe:workspace lathe/STACK");
  });

  test("a home from which nothing can be started, and a file system that can only be read", () => {
    const noexec = SAID.replace("/home rw,nosuid", "/home rw,noexec,nosuid");
    expect(checked(findings({}, noexec), "workspace")).toMatchObject({
      verdict: "note",
      found: expect.stringContaining(
        "/home/ubuntu/.lathe/PROJECT-STACK, on the file system at /home, which is mounted noexec",
      ) as string,
    });
    const at = (workspace: string, said = noexec) => checked(findings({ workspace }, said), "workspace")?.verdict;
    // What is mounted over another hides it.
    const over = noexec.replace("@@flags", "40 30 0:41 / /home/ubuntu rw - tmpfs tmpfs rw\n@@flags");
    expect([at("/srv/lathe"), at("/mnt/a b/lathe"), at("/home2/lathe"), at(".lathe/x", over)]).toEqual([
      "ok",
      "stop",
      "ok",
      "ok",
    ]);
  });

  test("a machine of which no CPU can be used, without an end of the doctor", () => {
    const cpu = { ...edgeFacts.cpu, logical: edgeFacts.cpu.logical.map((c) => ({ ...c, online: false })) };
    const usual = wantedServer();
    const f = findings({ facts: { ...edgeFacts, cpu }, kind: usual.kind });
    expect(checked(f, "cores")).toMatchObject({
      verdict: "stop",
      found: expect.stringContaining("none of them is online") as string,
    });
  });
});

test("a Docker that lets neighbours in past loopback is worth a word where no rule can be set against it", () => {
  const without = SAID.replace("@@sudo\nfree", "@@sudo\npassword");
  expect(checked(findings({}, without), "Docker")).toMatchObject({ verdict: "note" });
  expect(checked(findings({}, without), "Docker")?.fix).toContain("Docker 28 or newer");
  const docker = { version: "28.5.1", apiVersion: "1.51", storageDriver: "overlay2" };
  expect(checked(findings({ facts: { ...edgeFacts, docker } }, without), "Docker")?.verdict).toBe("ok");
  expect(checked(findings(), "Docker")?.verdict).toBe("ok");
});

test("servers of Lathe's that run there are told, because a bench of other stacks neither measures nor freezes them", () => {
  expect(checked(findings(), "servers")).toMatchObject({
    verdict: "note",
    found: "tf-serving (stack lathe/edge) runs there",
  });
  expect(checked(findings({}, SAID.replace("|lathe/edge|", "||")), "servers")).toBeUndefined();
  const many = Array.from({ length: 7 }, (_, i) => `s${i}|lathe/web|\ns${i}-rest|lathe/web|`).join("\n");
  expect(checked(findings({}, SAID.replace("db||", `${many}\ndb||`)), "servers")?.found).toBe(
    "tf-serving (stack lathe/edge), s0 (stack lathe/web), s1 (stack lathe/web), s2 (stack lathe/web), s3 (stack lathe/web) and 3 more run there",
  );
});

test("a clock is off only where that is more than the measurement's own uncertainty", () => {
  const clock = (offsetMs: number, uncertaintyMs: number) =>
    checked(findings({ clock: { offsetMs, uncertaintyMs } }), "clock")?.verdict;
  expect([clock(900, 5), clock(-1500, 5), clock(1500, 900)]).toEqual(["ok", "note", "ok"]);
});

test("of a connection, what came before the fault was right and what comes after it was not reached", () => {
  const fault = diagnoseSsh(
    { destination: "edge" },
    "No ED25519 host key is known for edge and you have requested strict",
  );
  expect(connectionChecks(fault).map((c) => `${c.check}: ${c.verdict}`)).toEqual([
    "name: ok",
    "port: ok",
    "host key: stop",
    "login: not reached",
    "shell: not reached",
  ]);
  const revoked = diagnoseSsh(
    { destination: "edge" },
    "@       WARNING: REVOKED HOST KEY DETECTED!               @\nThe ED25519 host key for edge is marked as revoked.\nHost key verification failed.",
  );
  expect(revoked).toMatchObject({ stage: "host key", what: expect.stringContaining("revoked") as string });
  // Nobody is told to accept it.
  expect(revoked.fix).not.toMatch(/accept|ssh edge/);
  expect(connectionChecks(diagnoseSsh({ destination: "edge" }, "never seen")).map((c) => c.verdict)).toEqual(["stop"]);
  expect(connectionChecks().every((c) => c.verdict === "ok")).toBe(true);
});

test("where a jump host refuses, nothing is claimed of the host behind it", () => {
  const said =
    "ubuntu@gate: Permission denied (publickey).\nkex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535";
  const fault = diagnoseSsh({ destination: "inner" }, said);
  expect(connectionChecks(fault).map((c) => `${c.check}: ${c.verdict}`)).toEqual([
    "name: not reached",
    "port: not reached",
    "host key: not reached",
    "login: stop",
    "shell: not reached",
  ]);
});
