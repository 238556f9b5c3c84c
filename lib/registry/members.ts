import { createHash } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { exists, withLock } from "../cache/cached.ts";
import { ownName, sweep } from "../cache/unfinished.ts";
import { UserError } from "../errors.ts";
import { cacheDir } from "../paths.ts";
import type { Progress } from "../progress.ts";
import { extract } from "./archive.ts";
import { fileDigest } from "./http.ts";

/** A file inside an archive; an sdist's or npm package's top folder is left out of the path. */
export interface Member {
  readonly file: string;
  readonly sha256: string;
}

/** A file of the cache. */
export interface Kept {
  readonly path: string;
  /** Whether it was there before. If it is damaged, fetching it again may help. */
  readonly before: boolean;
}

/**
 * Files of an archive, kept in the cache, each under its own SHA-256. So the same file of another archive is not fetched
 * again. A kept file whose SHA-256 is another is fetched anew. The archive is fetched only if a file is missing. An archive
 * without these files is removed: it may be a login page that came in place of the archive.
 *
 * @param origin names the archive in messages
 * @param stripTop leave the archive's top folder out of member names
 */
export async function memberFiles(
  members: readonly Member[],
  origin: string,
  stripTop: boolean,
  archive: () => Promise<Kept>,
): Promise<readonly string[]> {
  const missing: Member[] = [];
  for (const member of members) if (!(await isWhole(member))) missing.push(member);
  while (missing.length > 0) {
    const { path, before } = await archive();
    try {
      await keepMembers(path, missing, origin, stripTop);
      break;
    } catch (error) {
      await rm(path, { force: true });
      if (!before || !(error instanceof UserError)) throw error;
    }
  }
  return members.map(pathOf);
}

const pathOf = ({ file, sha256 }: Member) => join(cacheDir("files", sha256), `file${extname(file)}`);

/** Whether the cache has a file with the right SHA-256. Removes a damaged one. */
async function isWhole(member: Member): Promise<boolean> {
  const seen = await fileDigest(pathOf(member)).catch(() => undefined);
  if (seen === member.sha256) return true;
  if (seen !== undefined) await rm(dirname(pathOf(member)), { recursive: true, force: true });
  return false;
}

async function keepMembers(
  archive: string,
  members: readonly Member[],
  origin: string,
  stripTop: boolean,
): Promise<void> {
  const out = ownName(`${archive}.out`);
  const names = members.map((member) => member.file);
  try {
    await extract(archive, names, out, stripTop);
    const seen = await Promise.all(members.map((_, i) => fileDigest(join(out, String(i)))));
    checkMembers(members, seen, origin);
    for (const [i, member] of members.entries()) {
      await mkdir(dirname(pathOf(member)), { recursive: true });
      await rename(join(out, String(i)), pathOf(member));
    }
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** Refuses files whose SHA-256 is not the locked one: all of them in one error. */
export function checkMembers(members: readonly Member[], seen: readonly string[], origin: string): void {
  const fix = "the package on your index is not the one that was locked: do not use it; try another index or mirror";
  const faults = members.map(({ file, sha256 }, i) => {
    return { what: `${origin}: ${basename(file)}: SHA-256 is ${seen[i] ?? "unknown"}`, expected: sha256, fix };
  });
  const wrong = faults.filter(({ expected }, i) => expected !== seen[i]);
  if (wrong.length > 0) throw new UserError(wrong);
}

/**
 * An archive, kept in the cache. `fetch` writes it to the path that it gets. Two processes do not fetch it twice.
 *
 * @param key tells it from all others: a name and a version, or a name and `urlKey`
 */
export async function keptArchive(key: string, fetch: (path: string) => Promise<void>): Promise<Kept> {
  const path = cacheDir("archives", key.replaceAll(/[^\w.+-]/g, "_").slice(-200));
  if (await exists(path)) return { path, before: true };
  await mkdir(dirname(path), { recursive: true });
  return withLock(`${path}.lock`, async () => {
    const before = await exists(path);
    await sweep(dirname(path));
    if (!before) await fetch(path);
    return { path, before };
  });
}

/** A key that tells apart addresses whose files have the same name. The address cannot be read from it. */
export function urlKey(url: string): string {
  return createHash("sha256").update(url).digest("hex").slice(0, 16);
}

/** A download's progress as a note: `name 12.3 of 74.9 MB`. */
export function noteBytes(progress: Progress, title: string): (done: number, total?: number) => void {
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  return (done, total) => progress.note(`${title} ${mb(done)}${total === undefined ? "" : ` of ${mb(total)}`} MB`);
}
