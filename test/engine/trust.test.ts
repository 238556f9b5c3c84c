import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { modelStatus } from "../../clients/tf-serving/status.ts";
import { destroy, outputs, pulumi, setConfig, tryUp, up, type StackRef } from "../../infra/pulumi/testing/stack.ts";
import { hostOf, pushImage } from "../../lab/index.ts";
import { boot, powerCut } from "../lab/power.ts";
import { proxyImage } from "../lab/proxy-image.ts";
import { startLathe } from "../lab/lathe.ts";
import { progress } from "../../lib/progress.ts";
import { quoteAll } from "../../lib/quote.ts";
import { endLab, freshLab } from "../lab/fresh.ts";
import { TEST_LAB } from "../lab/setup.ts";
import { on, tryOn } from "../lab/tools.ts";
import { clientSecrets, makeBed, type Bed } from "./harness.ts";
import { filesWith, needlesOf, watchProcesses, type Watch } from "./secrets.ts";

/* Nobody let in: a stack's server as its clients, and as a stranger on the same network, find it. */

const LAB = `${TEST_LAB}-trust`;
const HOST = "edge";
/** Those that may be open, where all have been tried before. */
const PORTS = "22, 8500, 8501";
const CONTAINERS = ["tf-serving", "tf-serving-rest"];

let bed: Bed;
let dir: string;
let stack: StackRef;
let address: string;
let watch: Watch;
let seen: ReadonlySet<string>;
let said = "";
beforeAll(async () => {
  const hosts = [{ name: "client" }, { name: HOST }, { name: "stranger", docker: false }];
  const lab = await freshLab({ name: LAB, hosts }, progress());
  address = hostOf(lab, HOST).address;
  bed = await makeBed(LAB);
  dir = await mkdtemp(join(tmpdir(), "lathe-trust-"));
}, 900_000);
afterAll(async () => {
  await watch?.stop();
  await bed?.down();
  await rm(dir, { recursive: true, force: true });
  await endLab(LAB, progress());
}, 300_000);

/** Every TCP port of an address that a host can open: all 65535 are tried, or those that are named. */
async function openPorts(from: string, to = address, ports = "1..65535"): Promise<number[]> {
  const scan = `use Socket; for my $p (${ports}) { socket(my $s, PF_INET, SOCK_STREAM, 6); print "$p\\n" if connect($s, pack_sockaddr_in($p, inet_aton("${to}"))) }`;
  const found = await on(bed.lab, from, quoteAll(["perl", "-e", scan]));
  return found.split("\n").filter(Boolean).map(Number);
}

/** Runs the bench as a user does: what it printed for people, and what came of each cell. */
async function bench(...args: string[]) {
  const runs = join(dir, "runs");
  const started = startLathe(["bench", "--runs", runs, "--json", "--full", ...args], { ...process.env, ...bed.env });
  const { code, stdout, stderr: output } = await started.ended;
  if (code !== 0) throw new Error(`the bench ended with ${code}:\n${output}`);
  const tables = JSON.parse(stdout) as {
    cells: { id: string; summary: { n: number; failure?: { message: string } } | null }[];
  };
  return { output, cells: tables.cells.map((c) => [c.id, c.summary?.n, c.summary?.failure?.message]) };
}

const answers = (from: Awaited<ReturnType<typeof bench>>) =>
  expect(
    from.cells.every(([, n, failure]) => n === 2 && failure === undefined),
    JSON.stringify(from.cells) + from.output,
  ).toBe(true);

/** Leads a stranger straight to a container, past the ports of its host; gives the container's own address. */
async function routeTo(container: string): Promise<string> {
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
  const ip = await on(bed.lab, HOST, `docker inspect ${container} --format '${format}'`);
  await on(bed.lab, "stranger", `ip route replace ${ip}/32 via ${address}`);
  return ip;
}

/** An up that finds rules gone sets them again and touches nothing else; the one after it finds nothing to do. */
async function setAgain(): Promise<void> {
  const mended = await tryUp(stack);
  said += mended.output;
  expect([mended.code, mended.changes["update"]], mended.output).toEqual([0, 1]);
  expect(Object.keys(mended.changes).sort()).toEqual(["same", "update"]);
  expect(mended.output).toContain("host edge: the firewall's rules for container tf-serving were gone or changed");
  const again = await tryUp(stack);
  expect([again.code, Object.keys(again.changes)], again.output).toEqual([0, ["same"]]);
  expect(again.output).not.toContain("gone or changed");
}

async function secrets(): Promise<{ clientKey: string; token: string; serverKey: string }> {
  const state = await pulumi(stack, ["stack", "export", "--show-secrets", "--stack", HOST]);
  const serverKey = /"serverKey\\?": ?\\?"(-----BEGIN.*?-----END PRIVATE KEY-----)/s.exec(state.stdout)?.[1] ?? "";
  return { ...(await clientSecrets(stack)), serverKey: serverKey.replaceAll(/\\+n/g, "\n") };
}

describe("a host whose key is not the one that is known", () => {
  test("stops `up` before anything is done, and the error names the command that mends it", async () => {
    const config = join(dir, "changed");
    const known = join(dir, "known_hosts");
    const text = await readFile(bed.lab.sshConfig, "utf8");
    await writeFile(config, text.replaceAll(/UserKnownHostsFile .*/g, `UserKnownHostsFile ${known}`));
    const strangersKey = (await on(bed.lab, "stranger", "cat /etc/ssh/ssh_host_ed25519_key.pub")).split(" ");
    await writeFile(known, `${address} ${strangersKey.slice(0, 2).join(" ")}\n`);
    const ref = await bed.stack("changed", { "lathe:host": HOST, "lathe:models": "null", "lathe:sshConfig": config });
    const changed = await tryUp(ref);
    expect(changed.code).not.toBe(0);
    // The stack itself, and nothing in it.
    expect(Object.values(changed.changes)).toEqual([1]);
    expect(changed.output).toContain("its host key is not the one in known_hosts: another machine may be answering");
    expect(changed.output.replaceAll('"', "")).toContain(`ssh-keygen -f ${known} -R ${address}`);
    await writeFile(known, "");
    const unknown = await tryUp(ref);
    expect(unknown.code).not.toBe(0);
    expect(unknown.output).toContain("its host key is not in known_hosts, and Lathe trusts no key by itself");
    expect(unknown.output).toContain(`accept it: ssh -F ${config} ${HOST}`);
    for (const { output } of [changed, unknown]) expect(output).not.toMatch(/\n\s+at /);
  });
});

describe("a server for those alone who have its key or its token, and come from the client machine", () => {
  test("comes up, and its outputs say how to reach it and nothing secret", async () => {
    const { reference } = await pushImage(bed.lab, await proxyImage(progress()), progress());
    stack = await bed.stack(HOST, {
      "lathe:host": HOST,
      "lathe:models": "null",
      "lathe:tls": "mutual",
      "lathe:rest": "token",
      "lathe:proxyImage": reference,
      "lathe:allowFrom[0]": "client",
    });
    watch = watchProcesses();
    const first = await tryUp(stack);
    said += first.output;
    expect(first.code, first.output).toBe(0);
    const [server] = (await outputs(stack)).servers;
    const allowFrom = [hostOf(bed.lab, "client").address];
    expect(server?.access).toMatchObject({ stack: HOST, expose: "address", allowFrom });
    expect(server?.endpoints).toMatchObject([
      { protocol: "grpc", security: "mutual-tls" },
      { protocol: "rest", security: "token" },
    ]);
    const shown = await pulumi(stack, ["stack", "output", "--json", "--stack", HOST]);
    expect((JSON.parse(shown.stdout) as Record<string, unknown>)["latheSecrets"]).toBe("[secret]");
  });

  test("stays as it is with the next up and a look at the host: keys, rules and containers are those of the first", async () => {
    const again = await tryUp(stack, { refresh: true });
    said += again.output;
    expect([again.code, Object.keys(again.changes)], again.output).toEqual([0, ["same"]]);
  });

  test("a stranger finds no port but sshd's, and that refuses him; the client machine finds the server's two", async () => {
    expect(await openPorts("stranger")).toEqual([22]);
    expect(await openPorts("client")).toEqual([22, 8500, 8501]);
    const login = "ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null";
    expect((await tryOn(bed.lab, "stranger", `${login} root@${address} true`)).stderr).toContain("Permission denied");
  });

  test("a stranger who routes straight to the containers is refused, too", async () => {
    for (const container of CONTAINERS)
      expect(await openPorts("stranger", await routeTo(container)), container).toEqual([]);
  });

  test("from the client machine it answers nobody without key or token", async () => {
    const hello = `use IO::Socket::INET; my $s = IO::Socket::INET->new(PeerAddr => "${address}:8500", Timeout => 5) or die; print $s "GET /v1/models/null HTTP/1.0\\r\\n\\r\\n"; local $/; my $a = <$s> // ""; print $a =~ /AVAILABLE|HTTP/ ? "answered" : "refused"`;
    for (const port of [8500, 8501]) {
      const line = quoteAll(["perl", "-e", hello.replace(":8500", `:${port}`)]);
      expect(await on(bed.lab, "client", line), `port ${port}`).toBe("refused");
    }
    // The operator's own machine is none of those that were named.
    const query = { protocol: "rest", address, port: 8501, model: "null", timeoutMs: 5_000 } as const;
    expect(await modelStatus(query)).toMatchObject({ ok: false, error: { code: "UNAVAILABLE" } });
  });

  test("its containers run as nobody, without capabilities or new privileges, on a root that cannot be written", async () => {
    for (const container of CONTAINERS) {
      const [found] = JSON.parse(await on(bed.lab, HOST, `docker inspect ${container}`)) as {
        Config: { User: string };
        HostConfig: Record<string, unknown>;
        State: { Pid: number };
      }[];
      expect(found?.Config.User).toBe("65532:65532");
      expect(found?.HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges:true"],
        Privileged: false,
      });
      expect(found?.HostConfig["Memory"]).toBeGreaterThan(0);
      // What the kernel says of the process itself.
      const status = await on(bed.lab, HOST, `cat /proc/${found?.State.Pid}/status`);
      expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
      for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
        expect(status).toMatch(new RegExp(`^${set}:\t0+$`, "m"));
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    }
    const pids = await on(
      bed.lab,
      HOST,
      "docker inspect tf-serving tf-serving-rest --format '{{.HostConfig.PidsLimit}}'",
    );
    expect(pids).toBe("4096\n64");
    const write = await tryOn(bed.lab, HOST, "docker exec tf-serving touch /x /models/x /run/lathe/x");
    expect(write.stderr.match(/Read-only file system/g)).toHaveLength(3);
  });

  test("the bench measures it from the client machine and from itself, and says what protection adds", async () => {
    const client = await bed.stack("client", { "lathe:host": "client", "lathe:models": "null" });
    await up(client);
    const run = await bench("--images", "2", "--requests", "2", "--models", "null");
    said += run.output;
    answers(run);
    expect(run.cells.map(([id]) => id)).toEqual(
      expect.arrayContaining(["client>edge probe null image-2", "edge>edge rest null image-2"]),
    );
    expect(run.output).toContain("edge: gRPC is encrypted and asks clients for a certificate (mutual TLS)");
    expect(run.output).toContain("edge: REST comes through a TLS proxy that asks for a token");
    seen = await watch.stop();
  });

  test("the token's holder is served while 600 connections from the client machine say nothing", async () => {
    const hold = `use Socket; my @all; for (1..600) { socket(my $s, PF_INET, SOCK_STREAM, 6); connect($s, pack_sockaddr_in(8501, inet_aton("${address}"))); push @all, $s } print "open\\n"; close STDOUT; sleep 25`;
    await on(bed.lab, "client", `${quoteAll(["perl", "-e", hold])} 2>/dev/null & sleep 3`);
    const edge = await bench("--images", "2", "--requests", "2", "--models", "null", "--placement", "local");
    answers(edge);
  });

  test("no key and no token is in state, output, records, logs, process lists, environments or Docker's memory", async () => {
    const { clientKey, token, serverKey } = await secrets();
    expect(
      [clientKey, serverKey].every((key) => key.includes("PRIVATE KEY")),
      serverKey,
    ).toBe(true);
    const needles = needlesOf([clientKey, serverKey, token]);
    expect(needles.every((needle) => needle.length > 30)).toBe(true);
    // The search finds what is there: a planted canary, and the files that the server reads.
    const canary = join(dir, "canary.txt");
    await writeFile(canary, `a log line with ${token}\n`);
    expect(await filesWith(dir, needles)).toEqual([canary]);
    await rm(canary);
    const home = process.env["PULUMI_HOME"] ?? join(process.env["HOME"] ?? "/root", ".pulumi");
    for (const folder of [join(bed.projectDir, ".."), dir, join(home, "logs")])
      expect(await filesWith(folder, needles), folder).toEqual([]);
    expect(needles.filter((needle) => said.includes(needle))).toEqual([]);
    expect(seen.size).toBeGreaterThan(100);
    expect([...seen].some((text) => text.includes("agent.mjs"))).toBe(true);
    expect([...seen].filter((text) => needles.some((needle) => text.includes(needle)))).toEqual([]);
    for (const host of [HOST, "client"]) {
      const docker = await on(
        bed.lab,
        host,
        "docker inspect $(docker ps -aq); for c in $(docker ps -aq); do docker logs $c; done 2>&1",
      );
      expect(
        needles.filter((needle) => docker.includes(needle)),
        host,
      ).toEqual([]);
      const grep = `grep -rlF -e ${needles.join(" -e ")} /root /tmp /var/log /etc /run /var/lib/docker/containers`;
      const files = (await tryOn(bed.lab, host, `${grep} 2>/dev/null | xargs -r stat -c '%n %a %u'`)).stdout.trim();
      const own = "/root/.lathe/lathe-edge/secrets";
      expect(files.split("\n").sort(), host).toEqual(
        host === HOST
          ? [
              `${own}/tf-serving-rest/authorization.list 600 65532`,
              `${own}/tf-serving-rest/server.pem 600 65532`,
              `${own}/tf-serving/ssl.config 600 65532`,
            ]
          : [""],
      );
    }
  });

  test("rules that something else has flushed let the stranger in, until the next up sets them again", async () => {
    await on(bed.lab, HOST, "iptables -P FORWARD ACCEPT; iptables -F; iptables -t security -F || true");
    expect(await openPorts("stranger", address, PORTS)).toEqual([22, 8500, 8501]);
    await setAgain();
    expect(await openPorts("stranger", address, PORTS)).toEqual([22]);
    expect(await openPorts("client", address, PORTS)).toEqual([22, 8500, 8501]);
  });

  test("after a power cut it stays down until `up --refresh` has set its rules again", async () => {
    await powerCut(LAB, HOST);
    await boot(LAB, HOST);
    await expect.poll(() => tryOn(bed.lab, HOST, "docker info").then((r) => r.exitCode), { timeout: 60_000 }).toBe(0);
    expect(await openPorts("client")).toEqual([22]);
    const healed = await tryUp(stack, { refresh: true });
    expect(healed.code, healed.output).toBe(0);
    expect(await openPorts("stranger")).toEqual([22]);
    expect(await openPorts("client")).toEqual([22, 8500, 8501]);
  });
});

describe("a server that is reached by SSH alone", () => {
  test("has no port but sshd's for anyone, and is measured through tunnels, which the tables say", async () => {
    const rm = await pulumi(stack, ["config", "rm", "lathe:allowFrom", "--stack", HOST]);
    expect(rm.code, rm.output).toBe(0);
    await setConfig(stack, { "lathe:expose": "tunnel", "lathe:tls": "off", "lathe:rest": "open" });
    const changed = await tryUp(stack);
    expect(changed.code, changed.output).toBe(0);
    expect(await openPorts("client")).toEqual([22]);
    const run = await bench("--images", "2", "--requests", "2", "--models", "null");
    answers(run);
    expect(run.output).toContain(
      "edge: reached from other machines by SSH tunnels through the machine that ran the bench",
    );
    expect(await on(bed.lab, "client", "ss -Htln | grep -cv ':22 \\|:850[01] ' || true")).toBe("0");
  });
});

describe("a neighbour who routes straight to a server that is reached by SSH alone", () => {
  test("gets in past loopback where nothing but Docker is in the way, and is refused by the host's firewall", async () => {
    const ip = await routeTo("tf-serving");
    expect(await openPorts("stranger", ip)).toEqual([]);
    await on(bed.lab, HOST, "iptables-save | grep -v -e '-j LATHE-' | iptables-restore");
    // Others wait for an answer in vain: to what is not published, Docker drops the way itself.
    expect(await openPorts("stranger", ip, "8500, 8501")).toEqual([8500, 8501]);
    await setAgain();
    expect(await openPorts("stranger", ip, PORTS)).toEqual([]);
    // A server that nobody guards would be open from the host's start to the next up.
    expect(await on(bed.lab, HOST, "docker inspect tf-serving --format '{{.HostConfig.RestartPolicy.Name}}'")).toBe(
      "no",
    );
  });

  test("cannot be kept out by one who is neither root nor may become it: a warning says so, and what to do", async () => {
    await on(
      bed.lab,
      HOST,
      "useradd -m -G docker plain; cp -r /root/.ssh /home/plain/.ssh; chown -R plain: /home/plain/.ssh",
    );
    const plain = await bed.stack("plain", {
      ...{ "lathe:host": `plain@${HOST}`, "lathe:models": "null", "lathe:container": "plain" },
      ...{ "lathe:expose": "tunnel", "lathe:ports.grpc": "8600", "lathe:ports.rest": "8601" },
    });
    const { code, output } = await tryUp(plain);
    expect(code, output).toBe(0);
    expect(output).toContain("host plain@edge: lathe:expose tunnel does not keep neighbours out of container plain");
    expect(output).toContain("To close it: Docker 28 or newer there, or sudo without a password for that user");
    expect(await openPorts("stranger", await routeTo("plain"), "8500, 8501")).toEqual([8500, 8501]);
    await destroy(plain);
  });
});

test("a server that is no more guarded has no rule, no network and no note of them left", async () => {
  await setConfig(stack, { "lathe:expose": "address" });
  const opened = await tryUp(stack);
  expect(opened.code, opened.output).toBe(0);
  expect(await openPorts("stranger", address, PORTS)).toEqual([22, 8500, 8501]);
  const left = "iptables-save | grep -i lathe; docker network ls -q --filter name=lathe-; ls -d .lathe/*/.firewall-*";
  expect((await tryOn(bed.lab, HOST, left)).stdout).toBe("");
});

test("destroy leaves nothing: no container, network, rule, secret or image", async () => {
  await setConfig(stack, {
    "lathe:expose": "address",
    "lathe:tls": "mutual",
    "lathe:rest": "token",
    "lathe:allowFrom[0]": "client",
  });
  const last = await tryUp(stack);
  expect(last.code, last.output).toBe(0);
  await destroy(stack);
  expect(await bed.leftOn(HOST)).toBe("");
  expect(
    await on(bed.lab, HOST, "iptables-save | grep -ci lathe || true; docker network ls -q --filter name=lathe-"),
  ).toBe("0");
});
