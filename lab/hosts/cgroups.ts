import { mkdir, readFile, readdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { exists } from "../../lib/cached.ts";
import { UserError } from "../../lib/errors.ts";
import { cgroupName } from "../names.ts";
import { formatCpuList, type HostLimits } from "./limits.ts";

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

/**
 * The hierarchies that bind processes here, from the text of `/proc/self/mounts`. Where version 1 has the `cpu`
 * controller, version 2 beside it (a hybrid set-up) limits nothing and is left out.
 */
export function parseHierarchies(mounts: string): Hierarchy[] {
  const all = mounts.split("\n").flatMap((line): Hierarchy[] => {
    const [, path = "", type, options = ""] = line.split(" ");
    if (type === "cgroup2") return [{ version: 2, path, options: "" }];
    if (type !== "cgroup") return [];
    const named = options.split(",").filter((o) => !V1_OTHERS.test(o));
    const only = named.every((o) => o.startsWith("name=")) ? ["none", ...named] : named;
    return [{ version: 1, path, options: only.join(",") }];
  });
  const seen = new Set<string>();
  const once = all.filter((h) => !seen.has(h.options + h.version) && seen.add(h.options + h.version));
  const first = once.filter((h) => h.version === 1);
  return first.some((h) => h.options.split(",").includes("cpu")) ? first : once.filter((h) => h.version === 2);
}

/** The machine's hierarchies. @throws UserError if none is mounted */
export async function hierarchies(): Promise<Hierarchy[]> {
  const found = parseHierarchies(await readFile("/proc/self/mounts", "utf8"));
  if (found.length > 0) return found;
  throw new UserError({
    what: "/sys/fs/cgroup: no control groups are mounted, and Docker cannot run without",
    fix: "apt-get install -y cgroupfs-mount && cgroupfs-mount",
  });
}

/** A group's folder in one hierarchy. */
export function groupPath(hierarchy: Hierarchy, lab: string, group = ""): string {
  return join(hierarchy.path, cgroupName(lab), group);
}

/** Makes a host's group in every hierarchy, and sets its limits. */
export async function makeGroup(lab: string, group: string, limits: HostLimits & { memoryBytes?: number | null }) {
  for (const h of await hierarchies()) {
    const top = groupPath(h, lab);
    const own = groupPath(h, lab, group);
    const controllers = h.version === 2 ? await controllersOf(h.path) : h.options.split(",");
    if (h.version === 2) await handDown(h.path, controllers);
    await mkdir(top, { recursive: true });
    if (h.version === 2) await handDown(top, controllers);
    const set = async (file: string, value: string) => writeFile(join(own, file), value);
    const cpuset = controllers.includes("cpuset");
    // Version 1 takes no process into a group whose CPUs and memory nodes are not set, from the top down.
    if (cpuset && h.version === 1) for (const f of ["cpuset.cpus", "cpuset.mems"]) await inherit(h.path, top, f);
    await mkdir(own, { recursive: true });
    if (cpuset && h.version === 1) await inherit(top, own, "cpuset.mems");
    if (cpuset) await set("cpuset.cpus", formatCpuList(limits.cpus));
    if (controllers.includes("cpu")) {
      const quotaUs = limits.quotaCpus === null ? null : Math.round(limits.quotaCpus * CFS_PERIOD_US);
      if (h.version === 2) await set("cpu.max", `${quotaUs ?? "max"} ${CFS_PERIOD_US}`);
      else {
        await set("cpu.cfs_period_us", `${CFS_PERIOD_US}`);
        await set("cpu.cfs_quota_us", `${quotaUs ?? -1}`);
      }
    }
    if (controllers.includes("memory") && limits.memoryBytes != null) {
      await set(h.version === 2 ? "memory.max" : "memory.limit_in_bytes", `${limits.memoryBytes}`);
    }
  }
}

/** Every process of a lab, or of one group of it, as the machine numbers them. */
export async function processesOf(lab: string, group?: string): Promise<number[]> {
  const found = new Set<number>();
  const [first] = parseHierarchies(await readFile("/proc/self/mounts", "utf8"));
  if (first === undefined) return [];
  for (const folder of await foldersBelow(groupPath(first, lab, group))) {
    const text = await readFile(join(folder, "cgroup.procs"), "utf8").catch(() => "");
    for (const pid of text.split("\n").filter((l) => l !== "")) found.add(Number(pid));
  }
  return [...found];
}

/** Ends every process of a lab, or of one group of it, at once, and waits until they are gone. */
export async function killAll(lab: string, group?: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const pids = await processesOf(lab, group);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It is gone already.
      }
    }
    await sleep(attempt < 20 ? 20 : 100);
  }
  throw new UserError({ what: `lab "${lab}": processes ${(await processesOf(lab, group)).join(", ")} do not end` });
}

/** Removes a lab's groups, or one of them, from every hierarchy. They must be empty of processes. */
export async function removeGroups(lab: string, group?: string): Promise<void> {
  for (const h of parseHierarchies(await readFile("/proc/self/mounts", "utf8"))) {
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

/** A folder and all below it, parents first. */
async function foldersBelow(folder: string): Promise<string[]> {
  if (!(await exists(folder))) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const below = await Promise.all(
    entries.filter((e) => e.isDirectory()).map((e) => foldersBelow(join(folder, e.name))),
  );
  return [folder, ...below.flat()];
}

async function inherit(parent: string, child: string, file: string): Promise<void> {
  const own = await readFile(join(child, file), "utf8").catch(() => "");
  if (own.trim() === "") await writeFile(join(child, file), (await readFile(join(parent, file), "utf8")).trim());
}

async function controllersOf(folder: string): Promise<string[]> {
  return (await readFile(join(folder, "cgroup.controllers"), "utf8")).trim().split(" ");
}

/** Version 2: lets groups below a folder use its controllers. Those that cannot be are seen when a limit is set. */
async function handDown(folder: string, controllers: readonly string[]): Promise<void> {
  for (const name of controllers.filter((c) => ["cpu", "cpuset", "memory", "pids", "io"].includes(c))) {
    await writeFile(join(folder, "cgroup.subtree_control"), `+${name}`).catch(() => {});
  }
}
