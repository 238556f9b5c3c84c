import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { dirname } from "node:path";
import { judgeHolder, thisHolder } from "./holder.ts";
import { leftovers, ownName, sweep, temporaryName } from "./unfinished.ts";
import { cacheDir } from "../paths.ts";

/** How often a lock's holder touches it. */
const BEAT_MS = 5_000;
/** A lock of another machine or container is taken over if it is not touched for this long. NFS may show a touch a minute late. */
const SILENT_MS = 150_000;
const LOOK_MS = 300;
/** A guard is held for milliseconds. A killed process has left one that is older than this. */
const GUARD_STALE_MS = 30_000;

/**
 * A folder in the cache that is built once and then reused. `build` fills an empty folder that only this process knows. It gets
 * its name when `build` returns, so nobody sees half of an entry, even if a lock was taken over. If two processes want the same
 * entry, the second waits for the first.
 *
 * @param kind  first folder below the cache, such as `"toolchain"`
 * @param key   names the content: put every version and option that changes it into the key
 * @param build fills the folder it is given
 * @param onWait called once if another process is building this entry now
 * @returns the finished folder's path
 */
export async function cached(
  kind: string,
  key: string,
  build: (dir: string) => Promise<void>,
  onWait?: (pid: string) => void,
): Promise<string> {
  const final = cacheDir(kind, key);
  if (await exists(final)) return final;
  const once = async () => {
    if (await exists(final)) return final;
    for (const left of await leftovers(`${final}.partial`)) await rm(left, { recursive: true, force: true });
    await sweep(dirname(final));
    const partial = ownName(`${final}.partial`);
    await mkdir(partial, { recursive: true });
    try {
      await build(partial);
      await rename(partial, final).catch(async (error: unknown) => {
        // Another machine that shares the cache was faster: its entry is as good.
        if (!(await exists(final))) throw error;
      });
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
    return final;
  };
  return withLock(`${final}.lock`, once, onWait);
}

/** Whether there is a file or folder at this path. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/**
 * Runs `body` while this process holds a lock file. If another process holds it, this waits, even if the other sleeps or was
 * stopped. If the other has ended, its lock is taken over at once. Of a process on another machine or in another container only
 * one thing can be seen: it touches the file every few seconds. Its lock is taken over after two and a half minutes without a touch.
 *
 * @param onWait called once if the lock is taken, with the holder's number and where it runs
 */
export async function withLock<T>(path: string, body: () => Promise<T>, onWait?: (pid: string) => void): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  // Random: tells the locks of one process apart, too.
  const text = `${thisHolder()} ${randomBytes(6).toString("hex")}\n`;
  let seen: { text: string; touched: number; since: number } | undefined;
  for (let waited = false; !(await take(path, text));) {
    const found = await lookAt(path);
    if (found === undefined) continue;
    if (seen?.text !== found.text || seen.touched !== found.touched) seen = { ...found, since: performance.now() };
    const holder = judgeHolder(found.text.split(" ")[0] ?? "");
    if (holder?.gone ?? performance.now() - seen.since > SILENT_MS) {
      await takeAway(path, found.text);
      continue;
    }
    if (!waited) onWait?.(holder === undefined ? "of another machine or container" : String(holder.pid));
    waited = true;
    await sleep(LOOK_MS);
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), BEAT_MS);
  try {
    return await body();
  } finally {
    clearInterval(beat);
    // If this process did not touch the lock for too long, another has taken it over.
    if ((await lookAt(path))?.text === text) await rm(path, { force: true });
  }
}

/** Makes the lock file. @returns false if there is one already */
async function take(path: string, text: string): Promise<boolean> {
  const handle = await open(path, "wx").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  if (handle === undefined) return false;
  try {
    await handle.writeFile(text);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  return true;
}

/** What a lock file says and when it was touched; undefined if there is none. @throws Error if it cannot be read */
async function lookAt(path: string): Promise<{ text: string; touched: number } | undefined> {
  try {
    return { text: await readFile(path, "utf8"), touched: (await stat(path)).mtimeMs };
  } catch (error) {
    // ESTALE: NFS, of a file that another machine has just removed.
    if (["ENOENT", "ESTALE"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/**
 * Removes a lock if it says `text`. A slow waiter that saw the old lock must not remove the new one of a faster waiter. So one
 * process at a time may remove it (the one that made the guard file), and it looks again before it does.
 */
async function takeAway(path: string, text: string): Promise<void> {
  const guard = `${path}.stale`;
  if (!(await take(guard, ""))) {
    const since = (await lookAt(guard))?.touched ?? Date.now();
    if (Date.now() - since > GUARD_STALE_MS) await rm(guard, { force: true });
    return void (await sleep(50));
  }
  try {
    if ((await lookAt(path))?.text === text) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

/** Writes a file so that a reader sees the old content or the new, never half of it. */
export async function writeAtomic(path: string, content: string | Uint8Array | AsyncIterable<string>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  for (const left of await leftovers(path)) await rm(left, { force: true }).catch(() => {});
  const temporary = temporaryName(path);
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    // On a full disk, half a file would only take space.
    await rm(temporary, { force: true });
    throw error;
  }
}
