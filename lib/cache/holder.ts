import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/*
 * Who holds a lock or has begun a file, in a word that others on the same disk can judge. A process number alone says nothing:
 * the holder may be in another container or on another machine, its number may have been given to another process since, and a
 * holder that sleeps is not gone.
 */

const read = (path: string) => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
};

/** Machine, boot and namespace of processes: within one of these a process number means one process at a time. */
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

/** When a process began, in the kernel's ticks: tells two processes of one number apart. `0` where it is not known. */
function beganAt(pid: number): string {
  // The name of the program, in brackets, may hold anything.
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 1).split(" ")[20] ?? "0";
}

let own: string | undefined;

/** This process, for others to judge: `PLACE-PID-BEGAN`, letters and digits alone. */
export function thisHolder(): string {
  return (own ??= `${placeOf()}-${process.pid}-${beganAt(process.pid)}`);
}

/** What is known of a holder from here: undefined where it is not of this place, or the text names none. */
export function judgeHolder(text: string): { readonly pid: number; readonly gone: boolean } | undefined {
  const [, place, digits, began] = /^([0-9a-f]{12})-(\d+)-(\d+)$/.exec(text) ?? [];
  if (place === undefined || place !== thisHolder().split("-")[0]) return undefined;
  const pid = Number(digits);
  // Of another user's process the kernel may not say when it began.
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
