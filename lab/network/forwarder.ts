import { spawn } from "node:child_process";
import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../lib/errors.ts";
import { groupPath, hierarchies, killAll, makeGroup, processesOf, removeGroups } from "../hosts/cgroups.ts";
import { allowedCpus } from "../hosts/limits.ts";
import { SWITCH, labPaths, portNames } from "../names.ts";
import { run, tryRun } from "../run.ts";
import type { LinkWish } from "../state.ts";
import { forwarderProgram, shapeArgs } from "./program.ts";
import { inNetwork } from "./switch.ts";

/** Control group of the program that delays a host's packets. No host can have this name. */
function forwarderGroup(host: string): string {
  return `link.${host}`;
}

/** Puts the forwarder between a host's port and the bridge: two bridges, joined by its pair of TAP devices. */
export async function startForwarder(lab: string, host: string, wish: LinkWish): Promise<void> {
  const program = await forwarderProgram();
  const { port, bridge, inner, outer } = portNames(host);
  const there = inNetwork(lab, SWITCH);
  const ip = (...args: string[]) => run([...there, "ip", ...args]);
  await ip("link", "add", bridge, "type", "bridge", "stp_state", "0", "forward_delay", "0");
  for (const [tap, master] of [[inner, bridge] as const, [outer, "br0"] as const]) {
    await ip("tuntap", "add", tap, "mode", "tap");
    await ip("link", "set", tap, "master", master, "txqueuelen", "10000", "up");
  }
  const shape = shapeArgs({ delayMs: wish.delayMs, mbit: wish.bandwidthMbit });
  const group = forwarderGroup(host);
  const logFile = join(labPaths(lab).dir, `${group}.log`);
  const log = await open(logFile, "w");
  await makeGroup(lab, group, { cpus: await allowedCpus(), quotaCpus: null });
  const [command = "", ...args] = [...there, program, "tap", inner, outer, ...shape];
  const child = spawn(command, args, { detached: true, stdio: ["ignore", log.fd, log.fd], cwd: "/" });
  child.unref();
  await log.close();
  for (const h of await hierarchies())
    await writeFile(join(groupPath(h, lab, group), "cgroup.procs"), String(child.pid));
  await ip("link", "set", port, "master", bridge);
  await ip("link", "set", bridge, "up");
  for (let i = 0; i < 100; i++) {
    const link = await tryRun([...there, "ip", "-j", "link", "show", "dev", outer]);
    if (link.stdout.includes("LOWER_UP")) return;
    if (child.exitCode !== null) break;
    await sleep(20);
  }
  const why = (await readFile(logFile, "utf8")).trim();
  throw new UserError({ what: `the forwarder of host "${host}" did not start: ${why}` });
}

/** Whether a host's forwarder runs and the host's port is behind it. */
export async function forwarderUp(lab: string, host: string): Promise<boolean> {
  const { port, bridge } = portNames(host);
  const ports = await tryRun([...inNetwork(lab, SWITCH), "ip", "link", "show", "master", bridge]);
  return ports.stdout.includes(` ${port}@`) && (await processesOf(lab, forwarderGroup(host))).length > 0;
}

/** Removes the forwarder, and connects the port to the bridge again. Does nothing if there is none. */
export async function stopForwarder(lab: string, host: string): Promise<void> {
  const { port, bridge, inner, outer } = portNames(host);
  const there = inNetwork(lab, SWITCH);
  await killAll(lab, forwarderGroup(host));
  await removeGroups(lab, forwarderGroup(host));
  const present = await tryRun([...there, "ip", "link", "show", bridge]);
  if (present.exitCode === 0) await tryRun([...there, "ip", "link", "set", port, "master", "br0"]);
  for (const part of [bridge, inner, outer]) await tryRun([...there, "ip", "link", "delete", part]);
}
