import { basename, resolve } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { say } from "../../lib/output.ts";
import { repoRoot } from "../../lib/paths.ts";
import { progress } from "../../lib/progress.ts";
import { loadImages } from "../plan/photographs.ts";
import { type RunManifest, readManifest, verbOf, writeManifest } from "../records/manifest.ts";
import { bundleAgent } from "../run/agent/bundle.ts";
import { setupNow } from "../targets/read-setup.ts";
import type { SecretsByServer } from "../targets/secrets.ts";
import { differencesText, lastSetup, noOtherSetup, setupDifferences, withSession } from "../targets/setup-diff.ts";
import type { BenchOptions } from "./choices.ts";
import { secretsOf } from "./targets.ts";

type Photographs = Awaited<ReturnType<typeof photographs>>;

/** A run that goes on, with all that a session takes. */
export interface RunAgain {
  readonly manifest: RunManifest;
  readonly images: Photographs["images"];
  readonly bundle: Awaited<ReturnType<typeof bundleAgent>>;
  readonly secrets: SecretsByServer;
  /** Notes in `run.json` what has changed since the run was measured last, if anything has. @returns the manifest from now on */
  readonly noteSession: (fromRound: number) => Promise<RunManifest>;
}

/**
 * Reads a run that is to go on, and checks that it is asked under the same conditions.
 *
 * @param verb what is to go on with it
 * @param cellsOf the cells that it measures; by default those that it has
 * @throws UserError if another verb made the run, or if photographs, client program, servers or models are not what they were
 */
export async function runAgain(
  dir: string,
  verb: ReturnType<typeof verbOf>,
  options: BenchOptions,
  acceptChanges: boolean,
  cellsOf: (manifest: RunManifest) => RunManifest["cells"] = ({ cells }) => cells,
): Promise<RunAgain> {
  const manifest = await readManifest(dir);
  const made = verbOf(manifest);
  if (made !== verb)
    throw new UserError({
      what: `${dir}: a run of npx lathe ${made}`,
      expected: `a run of npx lathe ${verb}`,
      fix: `npx lathe ${made} --resume ${basename(dir)}`,
    });
  const measured = { ...manifest, cells: cellsOf(manifest) };
  const names = manifest.images.map((i) => i.name);
  const { images, infos } = await photographs(resolve(repoRoot, manifest.photographs), names);
  const changed = infos.filter((i) => manifest.images.find((m) => m.name === i.name)?.sha256 !== i.sha256);
  if (changed.length > 0)
    throw new UserError({
      what: `${dir}: photographs that changed since the run began: ${changed.map((c) => c.name).join(", ")}`,
      expected: "the photographs the run began with",
      fix: `start a new run: npx lathe ${verb}`,
    });
  const bundle = await bundleAgent();
  const now = await setupNow(measured, bundle);
  const before = lastSetup(manifest);
  const differences = setupDifferences(before, now, measured.cells);
  noOtherSetup(basename(dir), before, differences, acceptChanges, verb);
  if (differences.length > 0) say(`Since this run was measured last: ${differencesText(differences)}`);
  return {
    ...{ manifest, images, bundle, secrets: await secretsOf(manifest, options) },
    async noteSession(fromRound) {
      if (differences.length === 0) return manifest;
      const noted = withSession(manifest, now, fromRound, differences);
      await writeManifest(dir, noted);
      return noted;
    },
  };
}

/** Fetches and decodes the photographs of a run. */
export async function photographs(list: string, names: readonly string[]) {
  const steps = progress();
  steps.step("Photographs");
  const numbers = names.map((name) => Number(name.replace("image-", "")));
  const loaded = await loadImages({ photographs: list, images: numbers }, steps);
  steps.done(`${loaded.images.length} ready`);
  return loaded;
}
