import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { withLock, writeAtomic } from "../../lib/cache/cached.ts";
import { UserError } from "../../lib/errors.ts";
import { zodFaults } from "../../lib/zod-faults.ts";

/*
 * Which image a tag stands for. Whoever owns a tag may move it at any time, and a measurement needs to know what it measured. So the
 * first `up` that meets a tag keeps its digest in a file beside the stacks' config, for all stacks of the project: from then on the
 * tag is that image, on every machine, until `npx lathe images --move`.
 */

/** The file's name, in the folder with Pulumi.yaml. */
export const LOCK_FILE = "images.lock.json";

const Lock = z.strictObject({
  schema: z.literal("lathe.lock/1"),
  images: z.record(
    z.string().regex(/^[^\s@]+:[^\s@:/]+$/, "an image's name with its tag"),
    z.string().regex(/^sha256:[0-9a-f]{64}$/, "a digest (sha256:…)"),
  ),
});

/** Digests by an image's name with its tag. */
export type Locked = Readonly<Record<string, string>>;

/** The digests that are kept in a project's folder; none if there is no file yet. @throws UserError if it cannot be read */
export async function readLock(projectDir: string): Promise<Locked> {
  const path = join(projectDir, LOCK_FILE);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new UserError({ what: `${path}: ${error.message}` });
  });
  if (text === undefined) return {};
  const fix = "mend it, or take it back from your version control; without it, tags stand for what they say now";
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new UserError({ what: `${path}: not JSON (${(error as Error).message})`, fix });
  }
  const lock = Lock.safeParse(content);
  if (!lock.success) throw new UserError(zodFaults(lock.error, path, { fix }));
  return lock.data.images;
}

/**
 * Adds digests to those that are kept. Several processes may do so at once: none loses another's.
 *
 * @param move whether a digest that is kept already gives way; else it stays
 * @returns all that are kept now
 * @throws UserError if the file cannot be read or written
 */
export async function keepDigests(projectDir: string, found: Locked, move = false): Promise<Locked> {
  const path = join(projectDir, LOCK_FILE);
  try {
    return await withLock(`${path}.lock`, async () => {
      const kept = await readLock(projectDir);
      const images = move ? { ...kept, ...found } : { ...found, ...kept };
      const sorted = Object.fromEntries(Object.entries(images).sort(([a], [b]) => (a < b ? -1 : 1)));
      const text = `${JSON.stringify({ schema: "lathe.lock/1", images: sorted }, null, 2)}\n`;
      if (JSON.stringify(kept) !== JSON.stringify(sorted)) await writeAtomic(path, text);
      return sorted;
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError({
      what: `${path}: ${(error as Error).message}`,
      expected: "a file that this user may write: it keeps which image a tag stands for",
      fix: "let this user write there, or name images by their digests (NAME@sha256:…)",
    });
  }
}

/** An image's name with the tag that it has if it names none. */
export function withTag(reference: string): string {
  return /:[^:/]*$/.test(reference) ? reference : `${reference}:latest`;
}

/** Whether an image is named by its digest, so that no tag is asked. */
export function isByDigest(reference: string): boolean {
  return reference.includes("@sha256:");
}

/** `registry:5000/name:tag` with a digest in place of its tag; a registry's port is not one. */
export function byDigest(reference: string, digest: string): string {
  return `${reference.replace(/:[^:/]*$/, "")}@${digest}`;
}
