import { randomBytes } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { judgeHolder, thisHolder } from "./holder.ts";

/*
 * Files and folders that are not finished lie beside what they are to become, under a name with the word of the process that makes them.
 * One whose process is seen to be gone was left behind. Of a process on another machine, in another container or before the last boot
 * nothing is seen but when its files and its lock were last touched.
 */

/** Of a process that cannot be seen from here: untouched for so long, what it began was left behind. No build takes a tenth of it. */
const LEFT_MS = 24 * 3_600_000;

/** `NAME.partial.HOLDER`, `NAME.HOLDER.RANDOM.tmp` and the like. */
const UNFINISHED = /^(.+?)(?:\.(?:partial|part|out|pack))?\.([0-9a-f]{12}-\d+-\d+)(?:\.[0-9a-f]{8}\.tmp)?$/;

/** A name beside `path` that no other process has: of something that is not finished. */
export function ownName(path: string): string {
  return `${path}.${thisHolder()}`;
}

/** Such a name for one of several that this process makes at a time. */
export function temporaryName(path: string): string {
  return `${ownName(path)}.${randomBytes(4).toString("hex")}.tmp`;
}

/** What processes that are gone have left under such names of `path`. */
export async function leftovers(path: string): Promise<string[]> {
  const head = `${basename(path)}.`;
  const dir = dirname(path);
  return chosen(dir, async (name) => {
    const holder = UNFINISHED.exec(name)?.[2];
    if (holder === undefined || !name.startsWith(head) || !name.slice(head.length).startsWith(holder)) return false;
    return judgeHolder(holder)?.gone ?? isLeft(dir, name);
  });
}

/** Removes what was left in a folder a day ago or more, whatever it was to become; what cannot be removed stays. Never throws. */
export async function sweep(dir: string): Promise<void> {
  const left = await chosen(dir, async (name) => {
    const holder = UNFINISHED.exec(name)?.[2];
    return holder !== undefined && judgeHolder(holder)?.gone !== false && (await isLeft(dir, name));
  });
  for (const path of left) await rm(path, { recursive: true, force: true }).catch(() => {});
}

async function chosen(dir: string, test: (name: string) => Promise<boolean>): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await readdir(dir).catch((): string[] => [])) if (await test(name)) paths.push(join(dir, name));
  return paths;
}

/** Whether nobody has touched it, or anything in it, for a day, nor the lock that its process holds: a live one does so every few seconds. */
async function isLeft(dir: string, name: string): Promise<boolean> {
  const [, path = name, holder = ""] = UNFINISHED.exec(name) ?? [];
  const isOld = async (file: string) => {
    const touched = (await stat(file).catch(() => undefined))?.mtimeMs;
    return touched === undefined || Date.now() - touched > LEFT_MS;
  };
  if (!(await isOld(join(dir, name)))) return false;
  const lock = join(dir, `${path}.lock`);
  const locked = await readFile(lock, "utf8").catch(() => "");
  if (locked.startsWith(`${holder} `) && !(await isOld(lock))) return false;
  const within = await readdir(join(dir, name), { recursive: true }).catch((): string[] => []);
  for (const file of within) if (!(await isOld(join(dir, name, file)))) return false;
  return true;
}
