import { prepareModel } from "../models/index.ts";
import { progress } from "../lib/progress.ts";
import type { ModelRequest } from "./config/resolve.ts";
import type { ModelArtifact } from "./serving/specs.ts";

/** Version number of a model where the stack asks for none. */
const FIRST_VERSION = 1;

/** The signature that takes pixels, and its input: the same for every model of the catalogue. */
const PIXELS = { signature: "serving_default", input: "inputs" };

/**
 * Makes the models of several servers ready for delivery, each model once. The first time that takes as long as fetching
 * and converting it does; after that it comes from the cache.
 *
 * @throws UserError where a model cannot be fetched or made
 */
export async function artifactsFor(requests: readonly (readonly ModelRequest[])[]): Promise<ModelArtifact[][]> {
  const names = [...new Set(requests.flat().map((r) => r.name))];
  const prepared = new Map<string, Awaited<ReturnType<typeof prepareModel>>>();
  const say = progress();
  // One after the other: a conversion alone fills the memory of a small machine.
  for (const name of names) prepared.set(name, await prepareModel(name, say));
  return requests.map((list) =>
    list.map(({ name, version = FIRST_VERSION }) => {
      const model = prepared.get(name);
      if (!model) throw new Error(`model ${name} was not prepared`);
      const { entry, sha256, timingOnly } = model;
      return {
        deployed: {
          name,
          version,
          sha256,
          ...(entry.paperModel === undefined ? {} : { paperModel: entry.paperModel }),
          timingOnly,
          isNull: entry.isNull,
          ...(entry.labels === undefined ? {} : { labels: entry.labels }),
          signatures: [...entry.signatures],
        },
        catalogueName: name,
        gate: { name, version, ...PIXELS },
      };
    }),
  );
}
