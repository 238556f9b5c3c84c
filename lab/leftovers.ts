import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { groupPath, parseHierarchies, processesOf } from "./hosts/cgroups.ts";
import { labPaths, uplinkName } from "./names.ts";
import { tryRun } from "./run.ts";

/** Everything of a lab that is on the machine, by kind; all empty if there is nothing. */
export interface Leftovers {
  readonly processes: readonly number[];
  readonly mounts: readonly string[];
  readonly interfaces: readonly string[];
  readonly cgroups: readonly string[];
  readonly files: readonly string[];
}

/** Mount points at or below a folder, from the text of `/proc/self/mounts`, which writes a space as `\040`. */
export function mountsBelow(mounts: string, folder: string): string[] {
  return mounts
    .split("\n")
    .map((line) =>
      (line.split(" ")[1] ?? "").replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))),
    )
    .filter((point) => point === folder || point.startsWith(`${folder}/`));
}

/** Looks for everything that a lab of this name makes. */
export async function findLeftovers(lab: string): Promise<Leftovers> {
  const { dir } = labPaths(lab);
  const mounts = await readFile("/proc/self/mounts", "utf8");
  const groups = parseHierarchies(mounts).map((h) => groupPath(h, lab));
  const uplink = uplinkName(lab);
  const link = await tryRun(["ip", "link", "show", uplink]);
  const present = (paths: readonly string[]) => paths.filter((path) => existsSync(path));
  return {
    processes: await processesOf(lab),
    mounts: mountsBelow(mounts, dir),
    interfaces: link.exitCode === 0 ? [uplink] : [],
    cgroups: present(groups),
    files: present([dir]),
  };
}
