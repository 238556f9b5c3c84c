import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { cached, exists, withLock } from "../cached.ts";
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

/**
 * Files of an archive in the cache, each under its own SHA-256, so that the same file from another archive is not
 * fetched again. The archive is asked for only if one of them is missing.
 *
 * @param origin names the archive in messages
 * @param stripTop leave the archive's top folder out of member names
 */
export async function memberFiles(
  members: readonly Member[],
  origin: string,
  stripTop: boolean,
  archive: () => Promise<string>,
): Promise<readonly string[]> {
  const entryOf = ({ sha256 }: Member) => cacheDir("files", sha256);
  const missing = members.filter((member) => !existsSync(entryOf(member)));
  if (missing.length > 0) {
    const path = await archive();
    const out = `${path}.out.${process.pid}`;
    const names = missing.map((member) => member.file);
    await extract(path, names, out, stripTop);
    try {
      const seen = await Promise.all(missing.map((_, i) => fileDigest(join(out, String(i)))));
      checkMembers(missing, seen, origin);
      for (const [i, member] of missing.entries())
        await cached("files", member.sha256, (dir) =>
          rename(join(out, String(i)), join(dir, `file${extname(member.file)}`)),
        );
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  }
  return members.map((member) => join(entryOf(member), `file${extname(member.file)}`));
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

/** An archive in the cache: `fetch` puts it at the path it is given. Two processes do not fetch it twice. */
export async function keptArchive(key: string, fetch: (path: string) => Promise<void>): Promise<string> {
  const path = cacheDir("archives", key.replaceAll(/[^\w.+-]/g, "_"));
  if (await exists(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  await withLock(`${path}.lock`, async () => {
    if (!(await exists(path))) await fetch(path);
  });
  return path;
}

/** A download's progress as a note: `name 12.3 of 74.9 MB`. */
export function noteBytes(progress: Progress, title: string): (done: number, total?: number) => void {
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  return (done, total) => progress.note(`${title} ${mb(done)}${total === undefined ? "" : ` of ${mb(total)}`} MB`);
}
