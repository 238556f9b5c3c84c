import { execFile, spawn } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { modelStatus } from "../../clients/tf-serving/status.ts";
import { destroy, pulumi, setConfig, tryUp, up, type StackRef } from "../../infra/pulumi/testing/stack.ts";
import { readFacts } from "../../infra/hosts/facts/read-facts.ts";
import { unwrap, wrap } from "../../infra/hosts/bootstrap/bootstrap.ts";
import { stopSharing } from "../../infra/hosts/connection/ssh.ts";
import { hostOf, type Lab } from "../../lab/index.ts";
import { labPaths } from "../../lab/names.ts";
import { latheProgram } from "../../lib/paths.ts";
import { progress } from "../../lib/progress.ts";
import { tryRun } from "../../lab/run.ts";
import { endLab, freshLab } from "../lab/fresh.ts";
import { TEST_LAB } from "../lab/setup.ts";
import { on, tryOn } from "../lab/tools.ts";
import { makeBed, type Bed } from "./harness.ts";

/*
 * Hosts as an installer leaves them: no Docker, a user who is not root, sshd at a port of its own, reached by a jump host
 * or over IPv6. `gate` is the jump host, whose user has sudo with a password; `inner` lies behind it.
 */

const LAB = `${TEST_LAB}-found`;

let lab: Lab;
let bed: Bed;
beforeAll(async () => {
  // The tests' own lab has hosts with an engine, which an image is made in for the registry's storage that both share.
  await makeBed().then((first) => first.down());
  const gate = { name: "gate", docker: false, ipv6: true, user: { name: "operator", sudo: "password" } } as const;
  const inner = { name: "inner", docker: false, user: { name: "ubuntu", sudo: "free" } } as const;
  lab = await freshLab(
    { name: LAB, hosts: [gate, { ...inner, sshPort: 2222, ipv6: true, behind: "gate" }] },
    progress(),
  );
  bed = await makeBed(LAB);
});
afterAll(async () => {
  await bed?.down();
  await endLab(LAB, progress());
});

/** Runs a line as root on a host, whoever its user is: the lab's key opens root too. */
const asRoot = (host: string, line: string) =>
  promisify(execFile)("ssh", ["-F", lab.sshConfig, "-o", "ControlPath=none", "-l", "root", host, "--", line]);

/** Everything of Lathe's that could be on a host of a user: the folder, containers, images, the wrapper. */
const leftOn = (host: string) =>
  on(
    lab,
    host,
    "docker ps -aq; docker images -q; docker volume ls -q; ls -A .lathe /usr/local/bin/docker 2>/dev/null; true",
  );

/** Whether the null model is served to this machine at an address, over gRPC and REST; or why not. */
const served = (address: string) =>
  Promise.all(
    (
      [
        ["grpc", 8500],
        ["rest", 8501],
      ] as const
    ).map(async ([protocol, port]) => {
      const asked = await modelStatus({ protocol, address, port, model: "null", timeoutMs: 5_000 });
      return asked.ok || asked.error.code;
    }),
  );

/** Whether a host can open a server's gRPC port at an IPv6 address. */
const opens = async (from: string, address: string) =>
  (
    await asRoot(from, `timeout 5 bash -c '3<>/dev/tcp/${address}/8500' 2>/dev/null && echo open || echo refused`)
  ).stdout.trim();

/** One more user of a host, as its first one is. */
const ADD_USER =
  "useradd -m other; cp -r /home/ubuntu/.ssh /home/other; chown -R other: /home/other; " +
  "echo 'other ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/other";

/** The stacks for which users of the host reach Docker through sudo. */
const wrappedFor = async () =>
  (await asRoot("inner", "sed -n 's/^# for \\([^ ]*\\) .*/\\1/p' /usr/local/bin/docker")).stdout.trim().split("\n");

const preview = (ref: StackRef) => pulumi(ref, ["preview", "--stack", ref.stack]);

async function doctor(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const child = spawn(process.execPath, [latheProgram, "doctor", "--json", ...args], { env });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise((resolve) => child.on("close", resolve));
  const { hosts } = JSON.parse(text) as {
    hosts: { checks: { check: string; verdict: string; found: string; fix?: string }[] }[];
  };
  const checks = hosts[0]?.checks ?? [];
  const of = (name: string) => checks.find((c) => c.check === name);
  return { code, of, stops: checks.filter((c) => c.verdict === "stop").map((c) => c.check) };
}

describe("a stock host without Docker", () => {
  test("stops up, which says how to go on; a preview tells what bootstrap will do, and does nothing", async () => {
    const stack = await bed.stack("inner", { "lathe:host": "inner", "lathe:models": "null" });
    const refused = await tryUp(stack);
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain("host inner: no docker command there");
    expect(refused.output).toContain("npx lathe pulumi config set lathe:bootstrap true");
    expect(refused.output).toContain("sudo apt-get install docker.io && sudo usermod -aG docker ubuntu");
    await setConfig(stack, { "lathe:bootstrap": "true" });
    const told = await preview(stack);
    expect(told.code, told.output).toBe(0);
    expect(told.output).toContain(
      "`npx lathe up` will install or start Docker there and add its user to the group docker",
    );
    expect(told.output).toMatch(/inner-container.* create/);
    expect((await tryOn(lab, "inner", "command -v docker || grep docker /etc/group")).stdout).toBe("");
  });

  test("is told by the doctor, with the way to Docker, before anything is deployed", async () => {
    const args = ["inner", "--ssh-config", lab.sshConfig];
    const before = await doctor(args);
    expect([before.code, before.stops]).toEqual([1, ["Docker"]]);
    expect(before.of("Docker")?.fix).toContain("lathe:bootstrap true");
    expect(before.of("user")?.found).toBe("ubuntu, sudo without a password");
    expect(before.of("cores")?.found).toContain(`${hostOf(lab, "inner").cpus} physical core`);
  });

  test("is refused where sudo asks for a password, with what would do", async () => {
    const config = { "lathe:host": "gate", "lathe:models": "null", "lathe:bootstrap": "true" };
    const { code, output } = await tryUp(await bed.stack("gate", config));
    expect(code).not.toBe(0);
    expect(output).toContain("this user cannot become root without a password (sudo: a password is required)");
    expect(output).toContain("NOPASSWD");
    expect(output).not.toMatch(/\n\s+at /);
  });
});

describe("with lathe:bootstrap", () => {
  test("a sudo user's host behind a jump host, at another port, gets Docker and comes up; up again changes nothing", async () => {
    const stack = await bed.stack("inner", { "lathe:host": "inner" });
    const { machine } = await up(stack);
    expect(machine).toMatchObject({
      address: hostOf(lab, "inner").address,
      facts: { hostname: "inner", docker: { apiVersion: "1.41" } },
      workspace: "/home/ubuntu/.lathe/lathe-inner",
    });
    const again = await tryUp(stack);
    expect([again.code, Object.keys(again.changes)]).toEqual([0, ["same"]]);
    expect(await on(lab, "inner", "id -nG ubuntu")).toContain("docker");
    // The tests' own shared connection logged in before the user had the group.
    await tryRun(["ssh", "-F", lab.sshConfig, "-O", "exit", "inner"]);
  });

  test("the doctor sees a host that is ready, and whose its ports are", async () => {
    const { code, of, stops } = await doctor(["inner", "--ssh-config", lab.sshConfig]);
    expect([code, stops]).toEqual([0, []]);
    expect(of("Docker")?.found).toMatch(/^20\.10/);
    expect(of("port 8500 (gRPC)")?.verdict).toBe("note");
    expect(of("port 8501 (REST)")?.found).toContain("container tf-serving of the stack lathe/inner");
  });

  test("a container that somebody changed by hand keeps the gate closed, and comes back as the fix says", async () => {
    const stack = await bed.stack("inner", { "lathe:gateTimeoutSeconds": "170" });
    await on(lab, "inner", "docker update --cpus 0.5 --memory 512m --memory-swap 512m tf-serving");
    const { code, output } = await tryUp(stack);
    expect(code).not.toBe(0);
    expect(output).toContain("inside container tf-serving: CPU quota: set");
    expect(output).toContain("inside container tf-serving: memory limit in bytes: 536870912");
    await on(lab, "inner", "docker rm -f tf-serving");
    expect((await tryUp(stack, { refresh: true })).code).toBe(0);
  });

  test("destroy leaves Docker, and nothing of Lathe's", async () => {
    await destroy(await bed.stack("inner", {}));
    expect(await leftOn("inner")).toBe("");
    expect(await on(lab, "inner", "docker version --format '{{.Server.Version}}'")).toMatch(/^20\.10/);
  });

  test("a user who is let in by hand is let in at once, though a shared connection lasts that was made before", async () => {
    const target = { destination: "inner", configFile: lab.sshConfig };
    const asFound = { bootstrap: "false", preview: false, say: () => {} } as const;
    await asRoot("inner", "gpasswd -d ubuntu docker");
    await stopSharing(target);
    await expect(readFacts(target, asFound)).rejects.toThrow("sudo usermod -aG docker ubuntu");
    await asRoot("inner", "usermod -aG docker ubuntu");
    expect((await readFacts(target, asFound)).facts.docker.apiVersion).toBe("1.41");
  });

  test("over IPv6 and with a key in the agent alone, docker and firewall through sudo: up, and destroy takes the way away", async () => {
    const other = { destination: "other@inner", configFile: lab.sshConfig };
    await asRoot("inner", "gpasswd -d ubuntu docker");
    // A connection that logged in before still has the group.
    await tryOn(lab, "inner", "true");
    const agent = await startAgent();
    try {
      const { address6 = "" } = hostOf(lab, "inner");
      const host = `ssh://ubuntu@[${address6}]:2222`;
      const config = { "lathe:host": host, "lathe:sshConfig": agent.config, "lathe:models": "null" };
      const ref = await bed.stack("six", { ...config, "lathe:bootstrap": "sudo" });
      const stack = { ...ref, env: { ...ref.env, SSH_AUTH_SOCK: agent.socket } };
      const blind = await tryUp({ ...stack, env: { ...ref.env, SSH_AUTH_SOCK: "/nowhere" } });
      expect(blind.output).toContain("it refused the login");
      const { machine } = await up(stack);
      expect(machine).toMatchObject({
        ssh: { destination: host },
        address: address6,
        facts: { hostname: "inner" },
      });
      expect((await tryOn(lab, "inner", "id -nG ubuntu")).stdout).not.toContain("docker");
      expect(await served(address6)).toEqual([true, true]);
      expect(await opens("gate", address6)).toBe("open");
      // What another spelling of the same host had for a moment, and another user of it has, is not this one's.
      await setConfig(stack, { "lathe:host": "six" });
      expect((await tryUp(stack)).output).toContain("or to this stack under another spelling of lathe:host");
      expect(await wrappedFor()).toEqual(["lathe/six", "lathe/six"]);
      await asRoot("inner", ADD_USER);
      await wrap(other, { owner: "lathe/other", id: "1" });
      await setConfig(stack, { "lathe:host": host });
      // From now on the jump host alone.
      await setConfig(stack, { "lathe:allowFrom[0]": hostOf(lab, "gate").address6 ?? "" });
      const guarded = await tryUp(stack);
      expect(guarded.code, guarded.output).toBe(0);
      expect((await wrappedFor()).sort()).toEqual(["lathe/other", "lathe/six"]);
      expect(await on(lab, "inner", "docker ps --format '{{.Names}}'")).toBe("tf-serving");
      expect(await served(address6)).toEqual(["UNAVAILABLE", "UNAVAILABLE"]);
      expect(await opens("gate", address6)).toBe("open");
      expect((await asRoot("inner", "ip6tables -S")).stdout).toContain("lathe:lathe/six");
      const again = await tryUp(stack);
      expect([again.code, Object.keys(again.changes)], again.output).toEqual([0, ["same"]]);
      await destroy(stack);
      expect(await wrappedFor()).toEqual(["lathe/other"]);
      await unwrap(other, { owner: "lathe/other", id: "1" });
    } finally {
      await agent.end();
    }
    const { stdout } = await asRoot(
      "inner",
      "ls -A /home/ubuntu/.lathe /usr/local/bin/docker 2>/dev/null; docker ps -aq; docker images -q; " +
        "(iptables -S; ip6tables -S) | grep -i lathe || true",
    );
    expect(stdout).toBe("");
  });

  test("root's host gets Docker as well", async () => {
    const config = join(labPaths(LAB).dir, "root_config");
    const own = await readFile(lab.sshConfig, "utf8");
    await writeFile(config, own.replaceAll("User operator", "User root").replaceAll("cm/%h", "cm/r%h"));
    const stack = await bed.stack("root", {
      "lathe:host": "gate",
      "lathe:sshConfig": config,
      "lathe:models": "null",
      "lathe:bootstrap": "true",
    });
    expect((await up(stack)).machine).toMatchObject({ workspace: "/root/.lathe/lathe-root" });
    await destroy(stack);
    const { stdout } = await asRoot("gate", "ls -A /root/.lathe 2>/dev/null; docker ps -aq; docker images -q");
    expect(stdout).toBe("");
  });
});

describe("a connection that does not come about is named by the step that failed", () => {
  const stage = async (host: string, config = lab.sshConfig) => (await doctor([host, "--ssh-config", config])).stops;

  test("name, port, host key and login, directly and at a jump host", async () => {
    const config = join(labPaths(LAB).dir, "faults_config");
    const common = [`IdentityFile ${labPaths(LAB).identity}`, "IdentitiesOnly yes", "GlobalKnownHostsFile /dev/null"];
    const known = [...common, `UserKnownHostsFile ${labPaths(LAB).knownHosts}`];
    const { address } = hostOf(lab, "gate");
    const inner = [`HostName ${hostOf(lab, "inner").address}`, "User ubuntu", "Port 2222"];
    const blocks: Record<string, string[]> = {
      unnamed: ["HostName no-such-host.invalid"],
      noport: [`HostName ${address}`, "User operator", "Port 9", ...known],
      unknown: [`HostName ${address}`, "User operator", ...common, "UserKnownHostsFile /dev/null"],
      stranger: [`HostName ${address}`, "User stranger", ...known],
      // Strict all the same, as every ssh that Lathe starts.
      jump: [
        `HostName ${address}`,
        "User operator",
        ...common,
        "UserKnownHostsFile /dev/null",
        "StrictHostKeyChecking no",
      ],
      beyond: [...inner, ...known, "ProxyJump jump"],
    };
    const text = Object.entries(blocks).map(([name, lines]) => [`Host ${name}`, ...lines].join("\n  "));
    await writeFile(config, `${text.join("\n\n")}\n`);
    for (const [host, expected] of [
      ["unnamed", "name"],
      ["noport", "port"],
      ["unknown", "host key"],
      ["stranger", "login"],
      ["beyond", "host key"],
    ] as const) {
      expect([host, await stage(host, config)]).toEqual([host, [expected]]);
    }
    const { of } = await doctor(["beyond", "--ssh-config", config]);
    expect(of("host key")?.found).toContain("at its jump host (ProxyJump)");
  });

  test("a changed key is told from an unknown one, with the command that forgets the old", async () => {
    const config = join(labPaths(LAB).dir, "changed_config");
    const known = join(labPaths(LAB).dir, "changed_hosts");
    const own = await readFile(labPaths(LAB).knownHosts, "utf8");
    // The jump host's address with the other host's key.
    const otherKey = own.split("\n")[1]?.split(" ").slice(1).join(" ") ?? "";
    await writeFile(known, `${hostOf(lab, "gate").address} ${otherKey}\n`);
    const text = (await readFile(lab.sshConfig, "utf8")).replaceAll(labPaths(LAB).knownHosts, known);
    await writeFile(config, text.replaceAll("cm/%h", "cm/c%h"));
    const { of } = await doctor(["gate", "--ssh-config", config]);
    expect(of("host key")?.found).toContain("is not the one in known_hosts");
    expect(of("host key")?.fix).toContain(`ssh-keygen -f`);
  });
});

/** An ssh-agent with the lab's key, and an ssh config that names no key at all. */
async function startAgent() {
  const paths = labPaths(LAB);
  const socket = join(paths.dir, "agent");
  const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  const env = { ...process.env, SSH_AUTH_SOCK: socket };
  for (let i = 0; i < 50; i++) {
    const added = await promisify(execFile)("ssh-add", ["-q", paths.identity], { env }).then(
      () => true,
      () => false,
    );
    if (added) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const config = join(paths.dir, "agent_config");
  const known = [`UserKnownHostsFile ${paths.knownHosts}`, "GlobalKnownHostsFile /dev/null"];
  const six = ["Host six", `HostName ${hostOf(lab, "inner").address6}`, "User ubuntu", "Port 2222"].join("\n  ");
  await writeFile(config, [`${six}\nHost *`, "IdentityFile none", ...known].join("\n  ") + "\n");
  return {
    socket,
    config,
    async end() {
      child.kill();
      await rm(socket, { force: true });
    },
  };
}
