import { mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { exists } from "../../lib/cache/cached.ts";
import { formatCpuList } from "../../lib/cpulist.ts";
import { UserError } from "../../lib/errors.ts";
import { cgroupName } from "../names.ts";
import type { HostLimits } from "./limits.ts";

/** A mounted hierarchy of control groups. */
export interface Hierarchy {
  readonly version: 1 | 2;
  readonly path: string;
  /** Mount options that name it: `cpu,cpuacct`, `none,name=systemd`; empty in version 2. */
  readonly options: string;
}

const V1_OTHERS =
  /^(rw|ro|relatime|nosuid|nodev|noexec|xattr|seclabel|release_agent=.*|clone_children|cpuset_v2_mode)$/;
const CFS_PERIOD_US = 100_000;

/** The hierarchies that limit processes: those of version 1 if one of them has `cpu`, otherwise that of version 2. */
export function parseHierarchies(mounts: string): Hierarchy[] {
  const all = mounts.split("\n").flatMap((line): Hierarchy[] => {
    const [, path = "", type, options = ""] = line.split(" ");
    if (type === "cgroup2") return [{ version: 2, path, options: "" }];
    if (type !== "cgroup") return [];
    const named = options.split(",").filter((o) => !V1_OTHERS.test(o));
    const only = named.every((o) => o.startsWith("name=")) ? ["none", ...named] : named;
    return [{ version: 1, path, options: only.join(",") }];
  });
  const once = all.filter((h, i) => i === all.findIndex((o) => o.options === h.options && o.version === h.version));
  const first = once.filter((h) => h.version === 1);
  return first.some((h) => h.options.split(",").includes("cpu")) ? first : once.filter((h) => h.version === 2);
}

/** The machine's hierarchies; empty if none is mounted. */
export async function hierarchies(): Promise<Hierarchy[]> {
  return parseHierarchies(await readFile("/proc/self/mounts", "utf8"));
}

/** A group's folder in one hierarchy. */
export function groupPath(hierarchy: Hierarchy, lab: string, group = ""): string {
  return join(hierarchy.path, cgroupName(lab), group);
}

type GroupLimits = HostLimits & { readonly memoryBytes?: number | null };

/** Makes a group of a lab in every hierarchy, and sets its limits. */
export async function makeGroup(lab: string, group: string, limits: GroupLimits): Promise<void> {
  for (const h of await hierarchies()) {
    await mkdir(groupPath(h, lab), { recursive: true });
    if (h.version === 1) await makeGroup1(h, lab, group, limits);
    else await makeGroup2(h, lab, group, limits);
  }
}

async function makeGroup1(h: Hierarchy, lab: string, group: string, limits: GroupLimits): Promise<void> {
  const [top, own] = [groupPath(h, lab), groupPath(h, lab, group)];
  const controllers = h.options.split(",");
  const set = (file: string, value: number | string) => writeFile(join(own, file), `${value}`);
  await mkdir(own, { recursive: true });
  if (controllers.includes("cpuset")) {
    // A group takes no process before its CPUs and memory nodes are set, and those of the groups above it.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) await inherit(h.path, top, file);
    await inherit(top, own, "cpuset.mems");
    await set("cpuset.cpus", formatCpuList(limits.cpus));
  }
  if (controllers.includes("cpu")) {
    await set("cpu.cfs_period_us", CFS_PERIOD_US);
    await set("cpu.cfs_quota_us", limits.quotaCpus === null ? -1 : Math.round(limits.quotaCpus * CFS_PERIOD_US));
  }
  if (controllers.includes("memory") && limits.memoryBytes != null)
    await set("memory.limit_in_bytes", limits.memoryBytes);
}

async function makeGroup2(h: Hierarchy, lab: string, group: string, limits: GroupLimits): Promise<void> {
  const [top, own] = [groupPath(h, lab), groupPath(h, lab, group)];
  const set = (file: string, value: number | string) => writeFile(join(own, file), `${value}`);
  for (const folder of [h.path, top]) await handDown(folder);
  await mkdir(own, { recursive: true });
  const controllers = await controllersOf(own);
  const missing = ["cpu", "cpuset", "memory"].filter((name) => !controllers.includes(name));
  if (missing.length > 0) {
    throw new UserError({
      what: `${own}: the controllers ${missing.join(", ")} are missing (${h.path}/cgroup.subtree_control)`,
      expected: "the machine's own root of control groups, or one without processes in it",
    });
  }
  await set("cpuset.cpus", formatCpuList(limits.cpus));
  const quota = limits.quotaCpus === null ? "max" : Math.round(limits.quotaCpus * CFS_PERIOD_US);
  await set("cpu.max", `${quota} ${CFS_PERIOD_US}`);
  if (limits.memoryBytes != null) await set("memory.max", limits.memoryBytes);
}

/** Processor time in seconds that a lab's processes have used since it is up, also those that have ended. */
export async function groupSeconds(lab: string): Promise<number> {
  for (const h of await hierarchies()) {
    const folder = groupPath(h, lab);
    if (h.version === 2)
      return Number(/^usage_usec (\d+)/m.exec(await readFile(join(folder, "cpu.stat"), "utf8"))?.[1]) / 1e6;
    if (h.options.split(",").includes("cpuacct"))
      return Number(await readFile(join(folder, "cpuacct.usage"), "utf8")) / 1e9;
  }
  return Number.NaN;
}

/** Process numbers, as the machine sees them, of a lab or of one of its groups. */
export async function processesOf(lab: string, group?: string): Promise<number[]> {
  const [first] = await hierarchies();
  if (first === undefined) return [];
  const folders = await foldersBelow(groupPath(first, lab, group));
  const texts = folders.map((folder) => readFile(join(folder, "cgroup.procs"), "utf8").catch(() => ""));
  return [...new Set((await Promise.all(texts)).join("").split("\n").filter(Boolean).map(Number))];
}

/** Sends a signal that ends a process. Does nothing if it has ended already. */
export function endProcess(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

/** Kills every process of a lab, or of one of its groups, and waits until they have ended. */
export async function killAll(lab: string, group?: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const pids = await processesOf(lab, group);
    if (pids.length === 0) return;
    for (const pid of pids) endProcess(pid, "SIGKILL");
    await sleep(attempt < 20 ? 20 : 100);
  }
  throw new UserError({ what: `lab "${lab}": processes ${(await processesOf(lab, group)).join(", ")} do not end` });
}

/** Removes a lab's groups, or one of them, from every hierarchy. They must be empty of processes. */
export async function removeGroups(lab: string, group?: string): Promise<void> {
  for (const h of await hierarchies()) {
    for (const folder of (await foldersBelow(groupPath(h, lab, group))).reverse()) {
      for (let attempt = 0; ; attempt++) {
        const error = await rmdir(folder).then(
          () => undefined,
          (e: NodeJS.ErrnoException) => e,
        );
        if (error === undefined || error.code === "ENOENT") break;
        // A group stays busy for a moment after its last process has ended.
        if (error.code !== "EBUSY" || attempt > 50) throw error;
        await sleep(50);
      }
    }
  }
}

/** A folder and all folders below it, parents first. */
async function foldersBelow(folder: string): Promise<string[]> {
  if (!(await exists(folder))) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((e) => e.isDirectory());
  const below = await Promise.all(folders.map((e) => foldersBelow(join(folder, e.name))));
  return [folder, ...below.flat()];
}

async function inherit(parent: string, child: string, file: string): Promise<void> {
  const own = await readFile(join(child, file), "utf8").catch(() => "");
  if (own.trim() === "") await writeFile(join(child, file), (await readFile(join(parent, file), "utf8")).trim());
}

async function controllersOf(folder: string): Promise<string[]> {
  return (await readFile(join(folder, "cgroup.controllers"), "utf8")).trim().split(" ");
}

/** Version 2: lets the groups below a folder use those of its controllers that can be used there. */
async function handDown(folder: string): Promise<void> {
  const wanted = (await controllersOf(folder)).filter((c) => ["cpu", "cpuset", "memory", "pids", "io"].includes(c));
  for (const name of wanted) await writeFile(join(folder, "cgroup.subtree_control"), `+${name}`).catch(() => {});
}
