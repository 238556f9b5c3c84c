import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/*
 * A holder is a process that holds a lock or has begun a file, written as one word. Others that use the same disk read in it
 * whether the process has ended. Its number alone does not say that: the process may be in another container or on another
 * machine, and another process may have got the number since.
 */

const read = (path: string) => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
};

/** A hash of machine, boot and process namespace. Within one of these a process number means one process at a time. */
function placeOf(): string {
  let namespace = "";
  try {
    namespace = readlinkSync("/proc/self/ns/pid");
  } catch {
    // No Linux: the host's name must do.
  }
  const all = [hostname(), read("/proc/sys/kernel/random/boot_id"), namespace].join(" ");
  return createHash("sha256").update(all).digest("hex").slice(0, 12);
}

/** When a process began, in the kernel's ticks, to tell apart two processes of one number. `0` if it is not known. */
function beganAt(pid: number): string {
  // The name of the program, in brackets, may hold anything.
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 1).split(" ")[20] ?? "0";
}

let own: string | undefined;

/** This process as a holder: `PLACE-PID-BEGAN`, letters, digits and hyphens alone. */
export function thisHolder(): string {
  return (own ??= `${placeOf()}-${process.pid}-${beganAt(process.pid)}`);
}

/** What this process knows of a holder; undefined if the holder is in another place, or the text is none. */
export function judgeHolder(text: string): { readonly pid: number; readonly gone: boolean } | undefined {
  const [, place, digits, began] = /^([0-9a-f]{12})-(\d+)-(\d+)$/.exec(text) ?? [];
  if (place === undefined || place !== thisHolder().split("-")[0]) return undefined;
  const pid = Number(digits);
  // The kernel may not say when another user's process began.
  return { pid, gone: !alive(pid) || !["0", began].includes(beganAt(pid)) };
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
