import { withLock } from "../lib/cache/cached.ts";
import type { Progress } from "../lib/progress.ts";
import { checkName } from "./names.ts";

/** Runs something that changes a lab while no other process changes it. */
export async function locked<T>(name: string, progress: Progress, body: () => Promise<T>): Promise<T> {
  checkName("lab", name);
  const wait = (pid: string) => progress.note(`waiting for process ${pid}, which works on lab "${name}"`, true);
  return withLock(`/run/lathe-lab.${name}.lock`, body, wait);
}

/** Runs something that chooses what only one lab can have (a subnet), while no other process does. */
export async function lockedForAll<T>(body: () => Promise<T>): Promise<T> {
  return withLock("/run/lathe-lab.lock", body);
}
