import { join } from "node:path";
import { writeAtomic } from "../../lib/cache/cached.ts";
import { diskFault } from "../records/jsonl.ts";
import { OUTPUTS } from "./outputs/registry.ts";
import type { RenderedSection, ReportInputs } from "./section.ts";

/**
 * Writes a run's report into its folder, each file whole or not at all.
 *
 * @returns names of the files, the one to open first
 * @throws UserError where the disk is full
 */
export async function writeReport(
  dir: string,
  inputs: ReportInputs,
  sections: readonly RenderedSection[],
  json: Readonly<Record<string, unknown>>,
): Promise<string[]> {
  const names: string[] = [];
  for (const output of OUTPUTS) {
    if (!("file" in output)) continue;
    const path = join(dir, output.file);
    const render = await output.load();
    await writeAtomic(path, render({ dir, inputs, sections, json })).catch((error: unknown) => {
      throw diskFault(path, error);
    });
    names.push(output.file);
  }
  return names;
}
