import { stat } from "node:fs/promises";
import { findEntry, isOwnModel, packOwnModel, prepareModel, SAVED_MODEL, signaturesIn } from "../../models/index.ts";
import { UserError } from "../../lib/errors.ts";
import { progress, type Progress } from "../../lib/progress.ts";
import { versionsOf, type ModelRequest } from "../config/types.ts";
import type { ModelArtifact } from "./spec.ts";

/** The signature that takes pixels, and its input: the same for every model of the catalogue. */
const PIXELS = { signature: "serving_default", input: "inputs" };

/** A model's archive, and what is known of it. */
type PreparedSource = Awaited<ReturnType<typeof prepareSource>>;

/**
 * Makes a version's archive ready: of the catalogue, or of a folder. Of the latter it is not known what it is.
 *
 * @param form how the server's kind reads it (`ServerKind.modelForm`)
 * @throws UserError if it cannot be fetched, made or read
 */
export async function prepareSource(source: string, form: string, say: Progress) {
  if (!isOwnModel(source)) return prepareModel(source, say, form);
  if (form !== SAVED_MODEL) {
    const what = `lathe:models: ${source}: this server kind reads models as ${form}, a folder of your own is a SavedModel`;
    throw new UserError({ what, fix: "name a model of the catalogue: npx lathe models list" });
  }
  return { ...(await packOwnModel(source)), timingOnly: false, entry: undefined };
}

/** The models of a server, and the form in which its kind reads them. */
export interface ServerModels {
  readonly models: readonly ModelRequest[];
  readonly form: string;
}

/**
 * Makes the models of several servers ready for delivery, each source once. The first time that takes as long as fetching
 * and converting it does; after that it comes from the cache.
 *
 * @throws UserError if a model cannot be fetched or made
 */
export async function artifactsFor(servers: readonly ServerModels[]): Promise<ModelArtifact[][]> {
  const prepared = new Map<string, PreparedSource>();
  const keyOf = (source: string, form: string) => `${form} ${source}`;
  const say = progress();
  // One after the other: a conversion alone fills the memory of a small machine.
  for (const { models, form } of servers)
    for (const { source } of models.flatMap(versionsOf)) {
      const key = keyOf(source, form);
      if (!prepared.has(key)) prepared.set(key, await prepareSource(source, form, say));
    }
  return Promise.all(
    servers.map(({ models, form }) => {
      const found = (source: string): PreparedSource => {
        const model = prepared.get(keyOf(source, form));
        if (!model) throw new Error(`model ${source} was not prepared`);
        return model;
      };
      return Promise.all(models.map((request) => artifact(request, form, found)));
    }),
  );
}

async function artifact(
  request: ModelRequest,
  form: string,
  prepared: (source: string) => PreparedSource,
): Promise<ModelArtifact> {
  const { name } = request;
  const versions = await Promise.all(
    versionsOf(request).map(async (v) => {
      const { sha256, archive } = prepared(v.source);
      return { ...v, sha256, bytes: (await stat(archive)).size };
    }),
  );
  const [live, canary] = versions as [(typeof versions)[number], (typeof versions)[number]?];
  const { entry: own, timingOnly } = prepared(live.source);
  // A version of the user's own is taken for one of the catalogue's model of its name, if there is such a one.
  const entry = own ?? (await findEntry(name).catch(() => undefined));
  return {
    deployed: {
      name,
      version: live.version,
      sha256: live.sha256,
      ...(live.source === name ? {} : { from: live.source }),
      ...(canary === undefined
        ? {}
        : { canary: { version: canary.version, sha256: canary.sha256, from: canary.source } }),
      ...(entry?.paperModel === undefined ? {} : { paperModel: entry.paperModel }),
      timingOnly,
      isNull: entry?.isNull ?? false,
      ...(entry?.labels === undefined ? {} : { labels: entry.labels }),
      signatures: signaturesIn(form, entry?.signatures ?? [PIXELS.signature]),
    },
    versions,
    gate: versions.map(({ version }) => ({ name, version, ...PIXELS })),
  };
}
