import { readdir, rm, writeFile } from "node:fs/promises";
import type { Progress } from "../../lib/progress.ts";
import { exists } from "../../lib/cache/cached.ts";
import { needPrograms } from "../debian/needs.ts";
import { labsDir } from "../names.ts";
import { run, tryRun } from "../run.ts";
import { hierarchies } from "./cgroups.ts";

/** A file that marks the mounts as the labs' own, for a later `down`. */
const NOTE = "/run/lathe-lab.cgroups";

/** Mounts the machine's control groups if nothing has, because Docker cannot run without them. */
export async function needHierarchies(progress: Progress): Promise<void> {
  if ((await hierarchies()).length > 0) return;
  await needPrograms(["cgroupfs-mount"], progress);
  progress.step("mounting control groups in /sys/fs/cgroup: this machine has none mounted (cgroupfs-mount)");
  await writeFile(NOTE, "");
  await run(["cgroupfs-mount"]);
  progress.done();
}

/** Unmounts what `needHierarchies` mounted, once no lab is left. */
export async function releaseHierarchies(): Promise<void> {
  const labs = await readdir(labsDir()).catch(() => []);
  if (labs.length > 0 || !(await exists(NOTE))) return;
  await run(["cgroupfs-umount"]);
  // cgroupfs-umount leaves an empty file system mounted there.
  await tryRun(["umount", "/sys/fs/cgroup"]);
  await rm(NOTE);
}
