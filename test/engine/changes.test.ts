import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { modelStatus } from "../../clients/tf-serving/status.ts";
import { destroy, outputs, setConfig, tryUp, up, type StackRef } from "../../infra/pulumi/testing/stack.ts";
import { networkName } from "../../infra/access/firewall-rules.ts";
import { hostOf } from "../../lab/index.ts";
import { quoteAll } from "../../lib/quote.ts";
import { on, tryOn } from "../lab/tools.ts";
import { makeBed, type Bed } from "./harness.ts";

/*
 * What names a deployment, changed while it serves: the stack's role, the spelling of its host, the container. The server
 * is for one client machine alone; the stranger is another one on the same network.
 */

const HOST = "cloud";
const CLIENT = "client";
const STRANGER = "edge";
const ONLOOKERS = [CLIENT, STRANGER];
const OWNER = "lathe/changes";
const FLAG = "/tmp/watching";

let bed: Bed;
let stack: StackRef;
let dir: string;
let address: string;
let root: string;
beforeAll(async () => {
  bed = await makeBed();
  address = hostOf(bed.lab, HOST).address;
  root = `root@${address}`;
  dir = await mkdtemp(join(tmpdir(), "lathe-changes-"));
  // As in anyone's own ssh config, the machine is known by its address, too.
  const sshConfig = join(dir, "ssh_config");
  const text = await readFile(bed.lab.sshConfig, "utf8");
  await writeFile(sshConfig, text.replace(`Host ${HOST} `, `Host ${address} ${HOST} `));
  stack = await bed.stack("changes", {
    "lathe:host": HOST,
    "lathe:sshConfig": sshConfig,
    "lathe:models": "null",
    "lathe:allowFrom[0]": CLIENT,
  });
});
afterAll(async () => {
  await bed?.down();
  for (const host of ONLOOKERS) await tryOn(bed.lab, host, `ip route flush via ${address}; rm -f ${FLAG}`);
  await rm(dir, { recursive: true, force: true });
});

/** What stands on the host: each container with its state, Lathe's networks, and the rules that lead to its chains. */
const standing = async () => ({
  containers: (await on(bed.lab, HOST, "docker ps -a --format '{{.Names}} {{.State}}'")).split("\n"),
  networks: (await on(bed.lab, HOST, "docker network ls --filter name=lathe- --format '{{.Name}}'")).split("\n"),
  chains: (await on(bed.lab, HOST, "iptables-save | sed -n 's/^:\\(LATHE-[^ ]*\\).*/\\1/p' | sort -u")).split("\n"),
  ways: (await on(bed.lab, HOST, "iptables-save | grep -- '-j LATHE-' | sort || true")).split("\n"),
});
const inspect = (container: string, format: string) =>
  on(bed.lab, HOST, `docker inspect ${container} --format '${format}'`);
/** The container's address on its own network, and a way to it past the host's ports for everyone who looks on. */
async function straight(network: string): Promise<string> {
  const look = () =>
    tryOn(bed.lab, HOST, `docker network inspect ${network} --format '{{(index .IPAM.Config 0).Subnet}}'`);
  await expect.poll(async () => (await look()).exitCode, { timeout: 60_000, interval: 100 }).toBe(0);
  const subnet = (await look()).stdout.trim();
  for (const host of ONLOOKERS) await on(bed.lab, host, `ip route replace ${subnet} via ${address}`);
  // Docker gives the first one to the host.
  return subnet.replace(/\.0\/\d+$/, ".2");
}
/** Whether the server answers the client machine, who is let in. */
const served = async () =>
  on(
    bed.lab,
    CLIENT,
    `timeout 5 bash -c 'exec 3<>/dev/tcp/${address}/8501; printf "GET /v1/models/null HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3' | grep -c AVAILABLE || true`,
  );

/** Tries the server's ports at an address from a host, again and again until it is told to end; gives those that ever opened. */
async function watchPorts(host: string, ip: string): Promise<() => Promise<string[]>> {
  const watch = `use IO::Socket::INET; for my $place (@ARGV) { next if fork; my ($n, $open) = (0, 0);
    while (-e "${FLAG}") { $n++; $open ||= !!IO::Socket::INET->new(PeerAddr => $place, Timeout => 0.2); select undef, undef, undef, 0.02 }
    print "$place $n $open\n"; exit } 1 while wait != -1`;
  await on(bed.lab, host, `touch ${FLAG}`);
  const watching = on(bed.lab, host, quoteAll(["perl", "-e", watch, `${ip}:8500`, `${ip}:8501`]));
  return async () => {
    await on(bed.lab, host, `rm -f ${FLAG}`);
    const seen = (await watching).split("\n").map((line) => line.split(" "));
    expect(seen).toHaveLength(2);
    for (const [place, tries] of seen) expect(Number(tries), place).toBeGreaterThan(10);
    return seen.flatMap(([place = "", , open]) => (open === "1" ? [place] : []));
  };
}

test("another role of a stack is green at once: the same names, one server, nothing of the old", async () => {
  expect((await up(stack)).machine.id).toBe("changes");
  const before = await standing();
  await setConfig(stack, { "lathe:role": "spare" });
  const changed = await tryUp(stack);
  expect(changed.code, changed.output).toBe(0);
  expect(changed.changes).not.toHaveProperty("create");
  expect(await outputs(stack)).toMatchObject({
    machine: { id: "spare" },
    servers: [{ id: "spare", container: "tf-serving" }],
  });
  expect(await inspect("tf-serving", '{{index .Config.Labels "org.lathe.role"}}')).toBe("spare");
  expect(await standing()).toEqual(before);
  expect(await served()).toBe("1");
});

test("another spelling of the host is refused before anything is touched, and spelt as before it is as it was", async () => {
  const before = [await standing(), await inspect("tf-serving", "{{.Id}} {{.State.StartedAt}}")];
  await setConfig(stack, { "lathe:host": root });
  const startedAt = performance.now();
  const refused = await tryUp(stack);
  expect(refused.code).not.toBe(0);
  expect(refused.output).toContain("or to this stack under another spelling of lathe:host");
  expect(refused.output).toContain("set it back and run npx lathe down before you change it");
  expect(refused.output).not.toMatch(/\n\s+at .+:\d+:\d+/);
  expect(performance.now() - startedAt).toBeLessThan(60_000);
  expect([await standing(), await inspect("tf-serving", "{{.Id}} {{.State.StartedAt}}")]).toEqual(before);
  expect(await served()).toBe("1");
  await setConfig(stack, { "lathe:host": HOST });
  const back = await tryUp(stack);
  expect(back.code, back.output).toBe(0);
  expect([await standing(), await inspect("tf-serving", "{{.Id}} {{.State.StartedAt}}")]).toEqual(before);
  expect(await served()).toBe("1");
  const again = await tryUp(stack);
  expect([again.code, Object.keys(again.changes)], again.output).toEqual([0, ["same"]]);
});

test("another name of the container brings its network and rules along, and lets nobody in on the way", async () => {
  const before = await standing();
  const ips = [address, await straight(networkName(OWNER, "tf-serving"))];
  const watches = await Promise.all(ONLOOKERS.map((host) => Promise.all(ips.map((ip) => watchPorts(host, ip)))));
  await setConfig(stack, { "lathe:container": "tfs-other" });
  const changing = tryUp(stack);
  // The network is there before the container is, and the container long before its server.
  const next = await straight(networkName(OWNER, "tfs-other"));
  for (const [i, host] of ONLOOKERS.entries()) watches[i]?.push(await watchPorts(host, next));
  const changed = await changing;
  // With each network that anybody makes there, Docker takes the way into its chain for such rules away for a moment.
  const made = "for i in 1 2 3 4 5 6 7 8; do docker network create other-$i; done";
  await on(
    bed.lab,
    HOST,
    `${made} >/dev/null; docker network ls -q --filter name=other- | xargs docker network rm >/dev/null`,
  );
  const [byClient = [], byStranger = []] = await Promise.all(
    watches.map(async (own) => (await Promise.all(own.map((end) => end()))).flat()),
  );
  expect(changed.code, changed.output).toBe(0);
  expect(byStranger).toEqual([]);
  // The same ways are open to whom they are for: the watch would have seen them.
  expect(byClient.sort()).toEqual([...ips, next].flatMap((ip) => [`${ip}:8500`, `${ip}:8501`]).sort());
  const after = await standing();
  expect(after.containers).toEqual(["tfs-other running"]);
  // The same rules as before, for another network.
  const names = (own: string) => [networkName(OWNER, own), networkName(OWNER, own).toUpperCase()] as const;
  const [bridge, chain] = names("tfs-other");
  expect([after.networks, after.chains]).toEqual([[bridge], [chain]]);
  const renamed = (line: string) =>
    names("tf-serving").reduce((l, old, i) => l.replaceAll(old, [bridge, chain][i] ?? ""), line);
  expect(after.ways).toEqual(before.ways.map(renamed).sort());
  expect(await inspect("tfs-other", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")).toBe(next);
  expect(await served()).toBe("1");
  const here = await modelStatus({ protocol: "rest", address, port: 8501, model: "null", timeoutMs: 5_000 });
  expect(here).toMatchObject({ ok: false, error: { code: "UNAVAILABLE" } });
});

test("destroy after all that leaves nothing", async () => {
  await destroy(stack);
  expect(await bed.leftOn(HOST)).toBe("");
  expect(await standing()).toEqual({ containers: [""], networks: [""], chains: [""], ways: [""] });
});
