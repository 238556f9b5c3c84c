import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UserError, type Fault } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import { parseYaml, type CatalogueEntry, type ModelSource } from "./catalogue.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "64 hex digits");

/** The checksums of a source's files, and of the model that is made of them. */
const LockedSource = z.strictObject({
  /** SHA-256 by file, as the catalogue names it. */
  files: z.record(z.string(), sha256),
  /** SHA-256 of the packed SavedModel version folder. */
  artefact: sha256,
  /** SHA-256 of the packed version folder in each other form. */
  forms: z.record(z.string(), sha256).optional(),
});
export type LockedSource = z.infer<typeof LockedSource>;

/** models/lock.yaml: model, then source, then checksums. A source that is not in it is not used. */
const Lock = z.record(z.string(), z.record(z.string(), LockedSource));
type Lock = z.infer<typeof Lock>;

/** The lock file's path. */
export const lockFile = join(repoRoot, "models", "lock.yaml");

/** Reads models/lock.yaml. */
export const loadLock = async (): Promise<Lock> => parseLock(await readFile(lockFile, "utf8"));

/**
 * Parses the lock file's text; pure.
 *
 * @throws UserError with all its faults
 */
export function parseLock(text: string): Lock {
  const faults: Fault[] = [];
  const lock = parseYaml(Lock, text, "models/lock.yaml", faults);
  if (lock === undefined) throw new UserError(faults);
  return lock;
}

/** A source's files in the catalogue's order; a model that is made here has none. */
export function sourceFiles(source: ModelSource): readonly string[] {
  return "files" in source ? source.files : [];
}

/** The checksums of a source, or why it may not be used. Pure. */
export function lockedSource(
  entry: CatalogueEntry,
  source: ModelSource,
  lock: Lock,
): { locked: LockedSource } | { reason: string } {
  const locked = lock[entry.name]?.[source.id];
  if (locked === undefined) return { reason: "no checksum is locked for it" };
  const missing = sourceFiles(source).filter((file) => locked.files[file] === undefined);
  if (missing.length > 0) return { reason: `no checksum is locked for ${missing.join(", ")}` };
  return { locked };
}

/** Refuses a model whose packed folder's SHA-256 is not the locked one. Pure. */
export function checkArtefact(model: string, source: string, seen: string, locked: string): void {
  if (seen === locked) return;
  throw new UserError({
    what: `${model} (source ${source}): the converted model's SHA-256 is ${seen}`,
    expected: `${locked} (models/lock.yaml)`,
    fix: `conversion is repeatable with the pinned packages: if you changed models/convert, lock it anew with \`npx lathe models lock ${model} ${source}\``,
  });
}
