import { describe, expect, test } from "vitest";
import { diagnoseFacts, diagnoseSsh } from "../connection/diagnose.ts";
import { threadPlan } from "../../threads.ts";
import { parseLscpu } from "./parse-cpus.ts";
import { parseMachine, parseMemoryLimit, parseQuota, type Reading } from "./parse-facts.ts";

/** Facts of a host whose Docker must be there. */
function parseFacts(output: string): Reading {
  const reading = parseMachine(output);
  return reading.ok && reading.docker !== undefined ? { ok: false, problem: reading.docker } : reading;
}

const LSCPU_HEAD = `# The following is the parsable format, which can be fed to other
# programs. Each different item in every column has an unique ID
# starting usually from zero.
# CPU,Core,Socket,Node,Online
`;

const sections = (changes: Record<string, string> = {}) => {
  const all: Record<string, string> = {
    hostname: "edge",
    os: "Ubuntu 20.04.6 LTS",
    kernel: "5.4.0-150-generic",
    arch: "x86_64",
    home: "/home/ubuntu",
    login: "id 1000 1000\nreached 192.0.2.1 50000 192.0.2.7 22\naddresses 192.0.2.7 172.17.0.1\nboot b 1",
    lscpu: `${LSCPU_HEAD}0,0,0,0,Y\n1,1,0,0,Y\n2,2,0,0,Y\n3,3,0,0,Y\n4,0,0,0,Y\n5,1,0,0,Y\n6,2,0,0,Y\n7,3,0,0,Y`,
    model: "Model name:                      Intel(R) Core(TM) i7-10510U CPU @ 1.80GHz",
    allowed: "Cpus_allowed_list:\t0-7",
    kinds: "",
    memory: "MemTotal:       16207848 kB",
    cgroup2: "cpu.max max 100000 \nmemory.max max ",
    cgroup1: "",
    docker: "20.10.21 1.41\nexit 0",
    storage: "overlay2",
    end: "",
    ...changes,
  };
  return Object.entries(all)
    .map(([name, text]) => `@@${name}\n${text}\n`)
    .join("");
};

test("a laptop with hyper-threads gives its facts", () => {
  const reading = parseFacts(sections());
  expect(reading).toMatchObject({
    ok: true,
    home: "/home/ubuntu",
    facts: {
      hostname: "edge",
      os: "Ubuntu 20.04.6 LTS",
      cpu: { model: "Intel(R) Core(TM) i7-10510U CPU @ 1.80GHz", allowed: [0, 1, 2, 3, 4, 5, 6, 7], quotaCpus: null },
      memoryBytes: 16207848 * 1024,
      docker: { version: "20.10.21", apiVersion: "1.41", storageDriver: "overlay2" },
    },
  });
  if (reading.ok) expect(reading.facts.cpu.logical.map((c) => c.core)).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
});

test("a machine is told from others by a digest of its id, and by nothing where it has no id yet", () => {
  const idOf = (text: string) => {
    const reading = parseFacts(sections({ "machine-id": text }));
    return reading.ok ? reading.facts.machineId : "";
  };
  // printf 0123456789abcdef0123456789abcdef | sha256sum
  expect(idOf("0123456789abcdef0123456789abcdef")).toBe(
    "3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9",
  );
  for (const none of ["", "uninitialized"]) expect(idOf(none)).toBeUndefined();
});

test("what a host does not tell is null, and offline CPUs stay in the list", () => {
  expect(parseLscpu(`${LSCPU_HEAD}0,-,-,,Y\n1,1,0,0,N\n`)).toEqual([
    { cpu: 0, core: null, socket: null, node: null, online: true },
    { cpu: 1, core: 1, socket: 0, node: 0, online: false },
  ]);
});

test("Intel's hybrid CPUs and ARM's big and little cores are told apart", () => {
  const intel = parseFacts(sections({ kinds: "performance 0-3 \nefficiency 4-7 " }));
  const arm = parseFacts(
    sections({
      kinds: [0, 1, 2, 3].map((c) => `capacity ${c} 446 `).join("\n") + "\ncapacity 4 1024 \ncapacity 5 1000 ",
    }),
  );
  const same = parseFacts(sections({ kinds: "capacity 0 1024 \ncapacity 1 1024 " }));
  const kinds = (reading: typeof intel) =>
    reading.ok ? reading.facts.cpu.logical.map((c) => c.kind?.[0] ?? "-").join("") : "";
  expect([kinds(intel), kinds(arm), kinds(same)]).toEqual(["ppppeeee", "eeeepp--", "--------"]);
});

test.each([
  ["three kinds, of which two are close", [250, 250, 620, 620, 1024, 1024], "eepppp"],
  ["three kinds, of which the largest is a clock above the second", [325, 325, 871, 871, 871, 1024], "eepppp"],
  ["two clocks in each of two kinds", [718, 731, 997, 1010, 1024, 718], "eepppe"],
  ["all the same", [1024, 1024, 1024, 1024], "----"],
  ["noise of a few per cent", [1024, 1001, 990, 968, 955], "-----"],
  ["noise that adds up over many cores", [1024, 960, 900, 845, 792, 743, 697, 653], "--------"],
  ["one kind with a turbo on some of its cores", [870, 870, 1024, 1024], "----"],
  ["a kernel that gives no capacity to one", [0, 0, 446, 1024], "--ep"],
])("kinds of core are told apart by the widest gap between their capacities: %s", (_what, capacities, kinds) => {
  const lscpu = LSCPU_HEAD + capacities.map((_, cpu) => `${cpu},${cpu},0,0,Y`).join("\n");
  const told = capacities.map((capacity, cpu) => `capacity ${cpu} ${capacity} `).join("\n");
  const reading = parseFacts(
    sections({ lscpu, kinds: told, allowed: `Cpus_allowed_list:\t0-${capacities.length - 1}` }),
  );
  if (!reading.ok) throw new Error(JSON.stringify(reading.problem));
  expect(reading.facts.cpu.logical.map((c) => c.kind?.[0] ?? "-").join("")).toBe(kinds);
});

describe("a CPU that the host's first process may run on is online", () => {
  const planned = (changes: Record<string, string>) => {
    const reading = parseFacts(sections(changes));
    if (!reading.ok) throw new Error(JSON.stringify(reading.problem));
    return threadPlan(reading.facts, { pin: "physical" });
  };
  const one = `${LSCPU_HEAD}0,0,0,0,Y`;
  const four = `${LSCPU_HEAD}${[0, 1, 2, 3].map((n) => `${n},${n},0,0,${n < 2 ? "Y" : "N"}`).join("\n")}`;

  test("where lxcfs counts from zero, whether lscpu lists it as offline or not at all", () => {
    expect(planned({ lscpu: one, allowed: "Cpus_allowed_list:\t24" })).toMatchObject({ threads: 1, cpuSet: "24" });
    const listed = `${one}\n24,-,-,-,N`;
    expect(planned({ lscpu: listed, allowed: "Cpus_allowed_list:\t24" })).toMatchObject({ threads: 1, cpuSet: "24" });
  });

  test("where some of its CPUs happen to be among those that lxcfs shows", () => {
    const siblings = Array.from({ length: 32 }, (_, cpu) => `${cpu} ${cpu % 16},${(cpu % 16) + 16}`).join("\n");
    // Two threads of one core, and another core.
    const plan = planned({
      lscpu: `${LSCPU_HEAD}0,0,0,0,Y\n1,1,0,0,Y\n2,2,0,0,Y`,
      siblings,
      allowed: "Cpus_allowed_list:\t0,16,24",
    });
    expect(plan).toMatchObject({ physicalCores: 2, cpuSet: "0,24" });
  });

  test("but not where a mask names CPUs that are offline or not there", () => {
    const siblings = "0 0\n1 1";
    expect(planned({ lscpu: four, siblings, allowed: "Cpus_allowed_list:\t0-127" })).toMatchObject({ cpuSet: "0-1" });
    expect(planned({ lscpu: four, siblings, allowed: "Cpus_allowed_list:\t1-3" })).toMatchObject({ cpuSet: "1" });
  });
});

test("controllers that the engine cannot use are told, and an engine that tells nothing lacks none", () => {
  const lacks = (storage: string) => {
    const reading = parseFacts(sections({ storage }));
    return reading.ok ? [reading.facts.docker.storageDriver, reading.facts.docker.lacks] : undefined;
  };
  expect(lacks("overlay2\nmemory false\ncpuset true\npids true")).toEqual(["overlay2", ["memory"]]);
  expect(lacks("btrfs\nmemory true\ncpuset false\npids false")).toEqual(["btrfs", ["cpuset", "pids"]]);
  expect(lacks("overlay2")).toEqual(["overlay2", undefined]);
});

test("without a cpuset controller a server is not pinned, and its plan says why", () => {
  const reading = parseFacts(sections({ storage: "overlay2\ncpuset false" }));
  if (!reading.ok) throw new Error(JSON.stringify(reading.problem));
  const plan = threadPlan(reading.facts, { pin: "physical" });
  expect([plan.cpuSet, plan.memorySet, plan.threads]).toEqual([undefined, undefined, 4]);
  expect(plan.reason).toContain("not pinned: the engine has no cpuset controller");
  expect(threadPlan(reading.facts, { pin: "none" }).reason).not.toContain("pinned");
});

test.each([
  ["podman-docker, whose version has no API of Docker's", { docker: "4.3.1 4.3.1\nexit 0", command: "podman" }],
  [
    "podman-docker that says what it emulates",
    {
      docker:
        "Emulate Docker CLI using podman. Create /etc/containers/nodocker to quiet msg.\nError: template: version:2\nexit 125",
    },
  ],
  [
    "Docker's own command before Podman's engine",
    { docker: "4.9.3 1.41\narch amd64\ncomponent Podman Engine\n\ncomponent Conmon\nexit 0" },
  ],
])("Podman is named as such: %s", (_what, said) => {
  const reading = parseFacts(sections(said));
  if (reading.ok) throw new Error("should have been refused");
  const fault = diagnoseFacts({ destination: "ubuntu@edge" }, reading.problem, "ubuntu");
  expect(fault.what).toBe("host ubuntu@edge: what is called docker there is Podman");
  expect(fault.fix).toContain("apt-get remove podman-docker && sudo apt-get install docker.io");
});

test("an engine that answers and does not tell its version is not taken for an old one", () => {
  const reading = parseFacts(sections({ docker: "a banner\nexit 0" }));
  expect(reading).toEqual({
    ok: false,
    problem: { kind: "docker-down", detail: "it does not tell its version: a banner" },
  });
});

test("the smallest CPU quota of the host's cgroups holds, in both versions of cgroups", () => {
  expect(parseQuota("cpu.max max 100000 \ncpu.max 150000 100000 \ncpu.max 400000 100000 ")).toBe(1.5);
  expect(
    parseQuota("cpu.cfs_quota_us 50000 \ncpu.cfs_period_us 100000 \ncpu.cfs_quota_us -1 \ncpu.cfs_period_us 100000 "),
  ).toBe(0.5);
  expect(parseQuota("cpu.max max 100000 ")).toBeNull();
});

test("a cgroup's memory limit below the hardware's holds, and version 1's way to say none is understood", () => {
  expect(parseMemoryLimit("memory.max 1073741824 \nmemory.limit_in_bytes 9223372036854771712 ")).toBe(2 ** 30);
  expect(parseMemoryLimit("memory.max max ")).toBe(Infinity);
});

test("a host without a usable Docker engine says what to do", () => {
  const problems = [
    ["sh: 1: docker: not found\nexit 127", "no docker command", "apt-get install docker.io"],
    [
      "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock\nexit 1",
      "may not talk to",
      "usermod -aG docker",
    ],
    [
      "\nCannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\nexit 1",
      "does not answer",
      "systemctl",
    ],
  ] as const;
  for (const [docker, what, fix] of problems) {
    const reading = parseFacts(sections({ docker }));
    if (reading.ok) throw new Error("should have been refused");
    const fault = diagnoseFacts({ destination: "ubuntu@edge" }, reading.problem);
    expect(fault.what).toContain(what);
    expect(fault.fix).toContain(fix);
  }
});

test("an engine that is too old is named, and a host without one still has its other facts", () => {
  expect(parseFacts(sections({ docker: "19.03.15 1.40\nexit 0" }))).toEqual({
    ok: false,
    problem: { kind: "docker-old", version: "19.03.15" },
  });
  const reading = parseMachine(sections({ docker: "sh: docker: not found\nexit 127", user: "ubuntu" }));
  expect(reading).toMatchObject({ ok: true, user: "ubuntu", docker: { kind: "no-docker" } });
  expect(reading).toMatchObject({ facts: { docker: { version: "none" }, cpu: { allowed: [0, 1, 2, 3, 4, 5, 6, 7] } } });
});

test("what the docker command warns of is not taken for the engine's version", () => {
  const docker =
    "WARNING: Error loading config file: /home/u/.docker/config.json: permission denied\n20.10.24 1.41\nexit 0";
  expect(parseFacts(sections({ docker }))).toMatchObject({
    facts: { docker: { version: "20.10.24", apiVersion: "1.41" } },
  });
  const old = docker.replace("20.10.24 1.41", "19.03.15 1.40");
  expect(parseFacts(sections({ docker: old }))).toMatchObject({ problem: { kind: "docker-old", version: "19.03.15" } });
});

test("facts that are missing or cut short are never guessed", () => {
  for (const output of [
    sections({ lscpu: "sh: lscpu: not found" }),
    sections({ allowed: "" }),
    sections({ memory: "" }),
  ]) {
    expect(parseFacts(output)).toMatchObject({ ok: false, problem: { kind: "unreadable" } });
  }
  expect(parseFacts("@@hostname\nedge\n")).toMatchObject({
    ok: false,
    problem: { kind: "unreadable", section: "end" },
  });
});

test("a fault at a jump host, and one beyond it, are told from the host's own", () => {
  const at = diagnoseSsh(
    { destination: "inner" },
    "Host key verification failed.\nkex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535",
  );
  expect(at.stage).toBe("host key");
  expect(at.what).toContain("at its jump host (ProxyJump): its host key is not in known_hosts");
  const beyond = diagnoseSsh(
    { destination: "inner" },
    "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\nConnection closed by UNKNOWN port 65535",
  );
  // The same where the connection to the jump host is itself a shared one.
  const shared =
    "Stdio forwarding request failed: Session open refused by peer\nConnection closed by UNKNOWN port 65535";
  expect(diagnoseSsh({ destination: "inner" }, shared).what).toContain(
    "as its jump host (ProxyJump) sees it, it cannot",
  );
  expect(beyond.stage).toBe("port");
  expect(beyond.what).toContain("as its jump host (ProxyJump) sees it, it is there, but no SSH server answers");
});

test("a changed key's fix is the command that OpenSSH itself names", () => {
  const stderr = `@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
Offending ED25519 key in /home/me/.ssh/known_hosts:7
  remove with:
  ssh-keygen -f "/home/me/.ssh/known_hosts" -R "edge"
Host key for edge has changed and you have requested strict checking.
Host key verification failed.`;
  expect(diagnoseSsh({ destination: "edge" }, stderr).fix).toContain(
    'ssh-keygen -f "/home/me/.ssh/known_hosts" -R "edge" && ssh edge',
  );
});

test("each way in which ssh fails has its next step", () => {
  const said: [string, RegExp][] = [
    [
      "No ED25519 host key is known for edge and you have requested strict checking.\nHost key verification failed.",
      /not in known_hosts/,
    ],
    [
      "@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
      /not the one in known_hosts/,
    ],
    ["ubuntu@edge: Permission denied (publickey).", /refused the login/],
    ["ssh: connect to host edge port 22: Connection refused", /no SSH server answers/],
    ["ssh: connect to host edge port 22: No route to host", /cannot be reached/],
    ["ssh: Could not resolve hostname edge: Name or service not known", /cannot be resolved/],
    ["something new", /no SSH connection \(something new\)/],
  ];
  for (const [stderr, what] of said) {
    const fault = diagnoseSsh({ destination: "ubuntu@edge" }, stderr);
    expect(fault.what).toMatch(what);
    expect(fault.fix).toBeTruthy();
  }
});
