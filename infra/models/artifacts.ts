import { findEntry, isOwnModel, packOwnModel, prepareModel } from "../../models/index.ts";
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
 * @throws UserError where it cannot be fetched, made or read
 */
export async function prepareSource(source: string, say: Progress) {
  if (isOwnModel(source)) return { ...(await packOwnModel(source)), timingOnly: false, entry: undefined };
  return prepareModel(source, say);
}

/**
 * Makes the models of several servers ready for delivery, each source once. The first time that takes as long as fetching
 * and converting it does; after that it comes from the cache.
 *
 * @throws UserError where a model cannot be fetched or made
 */
export async function artifactsFor(requests: readonly (readonly ModelRequest[])[]): Promise<ModelArtifact[][]> {
  const sources = [...new Set(requests.flat().flatMap((r) => versionsOf(r).map((v) => v.source)))];
  const prepared = new Map<string, PreparedSource>();
  const say = progress();
  // One after the other: a conversion alone fills the memory of a small machine.
  for (const source of sources) prepared.set(source, await prepareSource(source, say));
  const found = (source: string): PreparedSource => {
    const model = prepared.get(source);
    if (!model) throw new Error(`model ${source} was not prepared`);
    return model;
  };
  return Promise.all(requests.map((list) => Promise.all(list.map((request) => artifact(request, found)))));
}

async function artifact(request: ModelRequest, prepared: (source: string) => PreparedSource): Promise<ModelArtifact> {
  const { name } = request;
  const versions = versionsOf(request).map((v) => ({ ...v, sha256: prepared(v.source).sha256 }));
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
      signatures: [...(entry?.signatures ?? [PIXELS.signature])],
    },
    versions,
    gate: versions.map(({ version }) => ({ name, version, ...PIXELS })),
  };
}
