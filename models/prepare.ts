import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "../lib/cache/cached.ts";
import { UserError, messageOf, type Fault } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import type { Progress } from "../lib/progress.ts";
import { run } from "../lib/run.ts";
import { fileDigest } from "../lib/registry/http.ts";
import { loadCatalogue, type CatalogueEntry, type ModelSource } from "./catalogue.ts";
import { formOf, SAVED_MODEL } from "./forms.ts";
import { fetchSource } from "./fetch.ts";
import { checkArtefact, loadLock, lockedSource, type LockedSource } from "./lock.ts";
import { pythonEnv } from "./python.ts";

/** A model ready for delivery. */
export interface PreparedModel {
  readonly entry: CatalogueEntry;
  /** The source that was used. */
  readonly source: string;
  /** This source's weights are untrained: only its time may be reported. */
  readonly timingOnly: boolean;
  /** Tar of the version folder's content (`saved_model.pb`, `assets.extra/…` at its top), uncompressed. */
  readonly archive: string;
  /** SHA-256 of the archive. */
  readonly sha256: string;
  /** The same, unpacked: a version folder as model servers read it. */
  readonly versionDir: string;
}

/** An entry of the catalogue by name. */
export async function findEntry(name: string): Promise<CatalogueEntry> {
  const catalogue = await loadCatalogue();
  const entry = catalogue.find((e) => e.name === name);
  if (entry !== undefined) return entry;
  throw new UserError({
    what: `there is no model "${name}" in the catalogue`,
    expected: `one of ${catalogue.map((e) => e.name).join(", ")}`,
    fix: "npx lathe models list",
  });
}

/**
 * Fetches and converts a model, once: afterwards it comes from the cache. Sources are tried in the catalogue's order;
 * every file is checked against models/lock.yaml before it is used, and so is the converted model.
 *
 * @param form how a server kind reads it (`models/forms.ts`)
 * @throws UserError where no source can be used, with the reason of each, and where the model has no such form
 */
export async function prepareModel(name: string, progress: Progress, form = SAVED_MODEL): Promise<PreparedModel> {
  if (form !== SAVED_MODEL) formOf(await findEntry(name), form);
  const model = await prepareSavedModel(name, progress);
  return form === SAVED_MODEL ? model : inForm(model, form, progress);
}

async function inForm(model: PreparedModel, name: string, progress: Progress): Promise<PreparedModel> {
  const { entry, source, versionDir } = model;
  const sha256 = (await loadLock())[entry.name]?.[source]?.forms?.[name];
  if (sha256 === undefined) {
    const what = `${entry.name}: source ${source}: no checksum is locked for the form ${name}`;
    throw new UserError({ what, fix: `if you trust it: npx lathe models lock ${entry.name} ${source}` });
  }
  const dir = await cached("models", `${entry.name}-${source}-${name}-${sha256.slice(0, 16)}`, async (partial) => {
    progress.step(`Preparing model ${entry.name} as ${name}`, 30);
    await formOf(entry, name).make(entry, versionDir, partial, progress);
    const seen = await fileDigest(join(partial, "model.tar"));
    checkArtefact(entry.name, `${source}, as ${name}`, seen, sha256);
    progress.done();
  });
  return { ...model, archive: join(dir, "model.tar"), sha256, versionDir: join(dir, "version") };
}

async function prepareSavedModel(name: string, progress: Progress): Promise<PreparedModel> {
  const entry = await findEntry(name);
  const lock = await loadLock();
  const reasons: Fault[] = [];
  for (const source of entry.sources) {
    const found = lockedSource(entry, source, lock);
    if ("reason" in found) {
      reasons.push({ what: `${name}: source ${source.id}: ${found.reason}`, fix: lockHint(name, source) });
      continue;
    }
    try {
      return await prepareFrom(entry, source, found.locked, progress);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reasons.push({ what: `${name}: source ${source.id}: ${messageOf(error)}` });
    }
  }
  throw new UserError(reasons);
}

const lockHint = (name: string, source: ModelSource): string =>
  "url" in source ? `if you trust it: npx lathe models lock ${name} ${source.id}` : "add it to models/lock.yaml";

async function prepareFrom(
  entry: CatalogueEntry,
  source: ModelSource,
  locked: LockedSource,
  progress: Progress,
): Promise<PreparedModel> {
  const key = `${entry.name}-${source.id}-${locked.artefact.slice(0, 16)}`;
  const dir = await cached("models", key, async (partial) => {
    const sha256 = await convert(entry, source, locked, partial, progress);
    checkArtefact(entry.name, source.id, sha256, locked.artefact);
    await writeFile(join(partial, "sha256"), sha256);
    progress.done();
  });
  const archive = join(dir, "model.tar");
  const sha256 = await readFile(join(dir, "sha256"), "utf8");
  const { timingOnly } = source;
  return { entry, source: source.id, timingOnly, archive, sha256, versionDir: join(dir, "version") };
}

/** Fetches, converts and packs a model into `out` (`version/`, `model.tar`); the archive's SHA-256. */
export async function convert(
  entry: CatalogueEntry,
  source: ModelSource,
  locked: LockedSource,
  out: string,
  progress: Progress,
): Promise<string> {
  const { python } = await pythonEnv(progress);
  progress.step(`Preparing model ${entry.name} (${source.id})`, 30);
  const files = await fetchSource(source, locked, progress);
  progress.note("converting");
  await run([python, "-B", "-m", "convert", source.convert, entry.name, out, ...files], {
    cwd: join(repoRoot, "models"),
    what: `converting ${entry.name}`,
    fix: "delete the cache's `files` folder if a disk fault is likely; otherwise this is a fault in models/convert",
  });
  return fileDigest(join(out, "model.tar"));
}
