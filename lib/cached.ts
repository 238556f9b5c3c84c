import { mkdir, open, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { dirname } from "node:path";
import { cacheDir } from "./paths.ts";

const LOCK_STALE_MS = 30_000;
const LOCK_BEAT_MS = 5_000;

/**
 * A folder in the cache that is built once and then reused. `build` fills an empty folder beside the final one, which is
 * renamed into place when `build` returns: a killed build leaves no half-made entry, and is simply started again.
 * Two processes that want the same entry do not build it twice: the second waits for the first.
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
    const partial = `${final}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    await build(partial);
    await rename(partial, final);
    return final;
  };
  return withLock(`${final}.lock`, once, onWait);
}

/** True where a file or folder of this path is there. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/**
 * Runs `body` while holding a lock file. The holder touches the file every few seconds; a lock whose holder was killed
 * goes stale after half a minute (at once where its process is seen to be gone) and is taken over.
 */
export async function withLock<T>(path: string, body: () => Promise<T>, onWait?: (pid: string) => void): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  for (let waited = false; ;) {
    try {
      const handle = await open(path, "wx");
      await handle.writeFile(String(process.pid));
      await handle.close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const pid = await readFile(path, "utf8").catch(() => "");
      if (await stale(path)) {
        await takeAway(path);
        continue;
      }
      if (!waited) onWait?.(pid);
      waited = true;
      await sleep(300);
    }
  }
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), LOCK_BEAT_MS);
  try {
    return await body();
  } finally {
    clearInterval(beat);
    await rm(path, { force: true });
  }
}

/** A lock whose holder is gone: its process is not there, or has not touched it for long. */
async function stale(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  const pid = await readFile(path, "utf8").catch(() => "");
  return Date.now() - found.mtimeMs > LOCK_STALE_MS || (pid !== "" && !alive(Number(pid)));
}

/**
 * Removes a stale lock. One at a time: a waiter that saw the old lock must not remove the one which a faster waiter has
 * put in its place meanwhile, so whoever removes looks again while nobody else may.
 */
async function takeAway(path: string): Promise<void> {
  const guard = `${path}.stale`;
  try {
    await (await open(guard, "wx")).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // Held for milliseconds, unless its holder was killed in them.
    const since = (await stat(guard).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - since > LOCK_STALE_MS) await rm(guard, { force: true });
    return void (await sleep(50));
  }
  try {
    if (await stale(path)) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

/** Writes a file so that a reader sees the old content or the new, never half of it. */
export async function writeAtomic(path: string, content: string | Uint8Array | AsyncIterable<string>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    // On a full disk the half of a file would only take more of it.
    await rm(temporary, { force: true });
    throw error;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
