import { readFile, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../lib/errors.ts";
import { endProcess, killAll, removeGroups } from "./hosts/cgroups.ts";
import { releaseHierarchies } from "./hosts/cgroupfs.ts";
import { findLeftovers, mountsBelow } from "./leftovers.ts";
import { labPaths, labsDir } from "./names.ts";
import { removeSwitch } from "./network/switch.ts";
import { run } from "./run.ts";

/**
 * Removes everything of a lab but the cache. It looks for it on the machine and not in the lab's files, so it can also remove a lab
 * that was half made or half removed.
 *
 * @throws UserError with what is left, if anything is
 */
export async function removeLab(lab: string): Promise<void> {
  const paths = labPaths(lab);
  await endSsh(paths.dir);
  await killAll(lab);
  await removeSwitch(lab);
  for (const point of (await mountPointsBelow(paths.dir)).reverse()) await run(["umount", "-l", point]);
  await removeGroups(lab);
  const still = await mountPointsBelow(paths.dir);
  if (still.length > 0)
    throw new UserError({ what: `still mounted: ${still.join(", ")}`, fix: `umount ${still.join(" ")}` });
  // --one-file-system: deleting must never follow a mount into the machine's own folders.
  await run(["rm", "-rf", "--one-file-system", paths.dir]);
  await releaseHierarchies();
  await rmdir(labsDir()).catch(() => {});
  const words = await remainsOf(lab);
  if (words !== "")
    throw new UserError({ what: `lab "${lab}" left behind: ${words}`, fix: `npx lathe lab down --name ${lab}` });
}

/** Whether anything of a lab is on the machine. */
export async function labRemains(lab: string): Promise<boolean> {
  return (await remainsOf(lab)) !== "";
}

async function remainsOf(lab: string): Promise<string> {
  const left = Object.entries(await findLeftovers(lab)) as [string, readonly unknown[]][];
  const there = left.filter(([, items]) => items.length > 0);
  return there.map(([kind, items]) => `${kind} ${items.join(", ")}`).join("; ");
}

/** Mount points in a folder, outer ones first. */
async function mountPointsBelow(folder: string): Promise<string[]> {
  return mountsBelow(await readFile("/proc/self/mounts", "utf8"), folder);
}

/** Ends the ssh processes that use a lab's config: shared connections stay open after the command that opened them. */
async function endSsh(folder: string): Promise<void> {
  for (const pid of await sshProcesses(folder)) endProcess(pid, "SIGTERM");
  for (let i = 0; i < 40 && (await sshProcesses(folder)).length > 0; i++) await sleep(50);
  await rm(join(folder, "cm"), { recursive: true, force: true });
}

async function sshProcesses(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const name = await readFile(`/proc/${entry}/comm`, "utf8").catch(() => "");
    if (name.trim() !== "ssh") continue;
    const command = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    if (command.includes(`${folder}/`)) found.push(Number(entry));
  }
  return found;
}
