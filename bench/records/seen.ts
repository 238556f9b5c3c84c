import { join } from "node:path";
import { loadLabels } from "../../models/catalogue.ts";
import type { RunManifest } from "./manifest.ts";
import { type KeptAnswers, readAnswers } from "./answers.ts";
import { type Photograph, readPhotographs } from "./photographs.ts";

/** What a run's servers were sent and what they answered. */
export interface Seen {
  /** By cell. */
  readonly answers: KeptAnswers["answers"];
  /** Values of answers that were too large to be kept, by cell. */
  readonly tooLarge?: KeptAnswers["tooLarge"];
  /** Names of class numbers, by model. A model without a label map is absent. */
  readonly labels: ReadonlyMap<string, ReadonlyMap<number, string>>;
  /** By the image's name; absent where the run did not keep it. */
  readonly photographs: ReadonlyMap<string, Photograph>;
}

/** Reads what a run's folder holds of it. Label maps are the checkout's. */
export async function readSeen(dir: string, manifest: RunManifest): Promise<Seen> {
  const maps = new Map(manifest.servers.flatMap((s) => s.models.map((m) => [m.name, m.labels])));
  const labels = await Promise.all(
    [...maps].map(async ([model, map]) => {
      // A map that a later checkout no longer has: classes then show their numbers.
      const found = map === undefined ? undefined : await loadLabels(map).catch(() => undefined);
      return found === undefined ? [] : ([[model, found]] as const);
    }),
  );
  return {
    ...(await readAnswers(join(dir, "answers.jsonl"))),
    labels: new Map(labels.flat()),
    photographs: await readPhotographs(dir, manifest),
  };
}
