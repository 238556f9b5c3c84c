import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/* Looks for secrets where none may be. */

const EVERY_MS = 150;

/** What the processes of this machine, the lab's hosts with them, show of themselves to whoever looks. */
export interface Watch {
  /** Ends it: every command line and environment that was seen. */
  stop(): Promise<ReadonlySet<string>>;
}

/** Looks at all command lines and environments again and again. */
export function watchProcesses(): Watch {
  const seen = new Set<string>();
  let going = true;
  const look = async () => {
    while (going) {
      for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
        for (const part of ["cmdline", "environ"])
          seen.add(await readFile(`/proc/${pid}/${part}`, "latin1").catch(() => ""));
      }
      await sleep(EVERY_MS);
    }
  };
  const looking = look();
  return {
    async stop() {
      going = false;
      await looking;
      return seen;
    },
  };
}

/** Files below a folder in which one of the needles stands. */
export async function filesWith(dir: string, needles: readonly string[]): Promise<string[]> {
  const names = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of names.filter((e) => e.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const text = await readFile(path, "latin1").catch(() => "");
    if (needles.some((needle) => text.includes(needle))) found.push(path);
  }
  return found;
}

/** Parts of secrets that stand in no other text: of a PEM key a line in its middle, a token whole. */
export function needlesOf(secrets: readonly string[]): string[] {
  return secrets.map((secret) => (secret.startsWith("-----") ? (secret.trim().split("\n")[2] ?? secret) : secret));
}
