import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { exists } from "../../lib/cache/cached.ts";
import { UserError } from "../../lib/errors.ts";
import { SWITCH, labPaths, portNames, uplinkName } from "../names.ts";
import { run, tryRun } from "../run.ts";
import { addressIn, freeSubnet, hardwareAddress } from "./subnet.ts";

/*
 * The bridge has a network namespace of its own, and one cable (a veth pair) to the machine. So packets between hosts do not pass
 * the machine's firewall (Docker makes it drop forwarded packets, and on many machines bridged packets count as forwarded), no
 * rule of the machine need be changed, and the bridge is removed with its namespace.
 */

/** The program and arguments that run something in one of a lab's network namespaces. */
export function inNetwork(lab: string, host: string): string[] {
  return ["nsenter", `--net=${labPaths(lab).network(host)}`];
}

/** Chooses a subnet that is free on this machine. @throws UserError if there is none */
export async function chooseSubnet(): Promise<string> {
  const routes = JSON.parse(await run(["ip", "-4", "-j", "route", "show", "table", "all"])) as { dst?: string }[];
  const subnet = freeSubnet(routes.flatMap((r) => r.dst ?? []));
  if (subnet !== undefined) return subnet;
  throw new UserError({ what: "ip route: no /24 of 10.213.0.0/16 is free on this machine" });
}

/** Makes a network namespace. A file, by which it is entered, keeps it until it is unmounted. */
async function makeNetwork(lab: string, name: string, ipv6 = false): Promise<void> {
  const paths = labPaths(lab);
  await mkdir(paths.networks, { recursive: true });
  await writeFile(paths.network(name), "");
  await run(["unshare", `--net=${paths.network(name)}`, "sh", "-c", ipv6 ? STATIC6 : QUIET]);
  await run([...inNetwork(lab, name), "ip", "link", "set", "lo", "up"]);
}

// IPv6 with fixed addresses that can be used at once, without asking neighbours or routers.
const STATIC6 = `for f in accept_dad accept_ra autoconf; do
  for i in all default; do echo 0 >/proc/sys/net/ipv6/conf/$i/$f; done
done
for i in all default; do echo 0 >/proc/sys/net/ipv6/conf/$i/disable_ipv6; done
true`;

// No IPv6: the lab's addresses are IPv4.
const QUIET = `echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
true`;

/** Removes a network namespace with all interfaces in it. Does nothing if there is none. */
export async function removeNetwork(lab: string, name: string): Promise<void> {
  const file = labPaths(lab).network(name);
  const mounts = await readFile("/proc/self/mounts", "utf8");
  const times = mounts.split("\n").filter((line) => line.split(" ")[1] === file).length;
  for (let i = 0; i < times; i++) await run(["umount", "-l", file]);
  await rm(file, { force: true });
}

/** Makes the bridge and its cable to the machine. The machine's end gets the subnet's first address. */
export async function makeSwitch(lab: string, subnet: string): Promise<void> {
  await removeSwitch(lab);
  await makeNetwork(lab, SWITCH);
  const uplink = uplinkName(lab);
  const there = (command: string) => run([...inNetwork(lab, SWITCH), ...command.split(" ")]);
  const here = (command: string) => run(command.split(" "));
  const nf = "for f in /proc/sys/net/bridge/bridge-nf-call-*tables; do [ ! -e $f ] || echo 0 >$f; done";
  await run([...inNetwork(lab, SWITCH), "sh", "-c", nf]);
  await there("ip link add br0 type bridge stp_state 0 forward_delay 0");
  await there("ip link set br0 up");
  await here(`ip link add ${uplink} type veth peer name uplink netns ${labPaths(lab).network(SWITCH)}`);
  await there("ip link set uplink master br0 up");
  await here(`ip address add ${addressIn(subnet, 1)}/24 dev ${uplink}`);
  await here(`ip link set ${uplink} up`);
}

/** Whether the bridge is there, with its cable. */
export async function switchUp(lab: string): Promise<boolean> {
  if (!(await exists(labPaths(lab).network(SWITCH)))) return false;
  const there = await tryRun([...inNetwork(lab, SWITCH), "ip", "link", "show", "master", "br0"]);
  const here = await tryRun(["ip", "link", "show", uplinkName(lab)]);
  return there.exitCode === 0 && there.stdout.includes("uplink") && here.exitCode === 0;
}

/** Removes the bridge and the machine's end of its cable. */
export async function removeSwitch(lab: string): Promise<void> {
  await tryRun(["ip", "link", "delete", uplinkName(lab)]);
  await removeNetwork(lab, SWITCH);
}

/** A host's addresses in the network. */
export interface Place {
  readonly address: string;
  readonly address6?: string | undefined;
  readonly sshPort?: number | undefined;
  /** The only host that its sshd answers; absent: it answers all. */
  readonly behind?: { readonly address: string } | undefined;
}

/** Makes a host's network namespace and plugs it into the bridge. */
export async function plugIn(lab: string, host: string, place: Place): Promise<void> {
  const { address, address6 } = place;
  await removeNetwork(lab, host);
  await makeNetwork(lab, host, address6 !== undefined);
  const { port } = portNames(host);
  const there = inNetwork(lab, SWITCH);
  // A port stays for a moment after its other end was removed.
  await tryRun([...there, "ip", "link", "delete", port]);
  // The same hardware address after each start: neighbours remember it, and would not find another for half a minute.
  const card = ["name", "eth0", "address", hardwareAddress(address), "netns", labPaths(lab).network(host)];
  await run([...there, "ip", "link", "add", port, "type", "veth", "peer", ...card]);
  await run([...there, "ip", "link", "set", port, "master", "br0", "up"]);
  await run([...inNetwork(lab, host), "ip", "address", "add", `${address}/24`, "dev", "eth0"]);
  await run([...inNetwork(lab, host), "ip", "link", "set", "eth0", "up"]);
  if (address6 !== undefined) await addAddress6(lab, host, address6);
  if (place.behind !== undefined) {
    // By routing rules, because the host may have no firewall: sshd's answers have no route to any other host.
    const answers = ["ipproto", "tcp", "sport", `${place.sshPort ?? 22}`];
    const rule = (...words: string[]) => run([...inNetwork(lab, host), "ip", "rule", "add", ...words]);
    await rule("pref", "10", "to", place.behind.address, ...answers, "lookup", "main");
    await rule("pref", "20", ...answers, "prohibit");
  }
}

/** Gives a host its IPv6 address, and the machine's end of the cable the prefix's first one. */
async function addAddress6(lab: string, host: string, address6: string): Promise<void> {
  const machine = address6.replace(/::[0-9a-f]+$/, "::1");
  await run(["ip", "-6", "address", "replace", `${machine}/64`, "dev", uplinkName(lab), "nodad"]);
  await run([...inNetwork(lab, host), "ip", "-6", "address", "add", `${address6}/64`, "dev", "eth0", "nodad"]);
}

/** Whether a host's cable is plugged in at both ends. */
export async function pluggedIn(lab: string, host: string): Promise<boolean> {
  const there = await tryRun([...inNetwork(lab, SWITCH), "ip", "link", "show", portNames(host).port]);
  return there.exitCode === 0 && there.stdout.includes("LOWER_UP");
}
