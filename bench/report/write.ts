import { join } from "node:path";
import { writeAtomic } from "../../lib/cached.ts";
import { clean } from "../../lib/clean.ts";
import { toJson } from "../format/json.ts";
import { diskFault } from "../records/jsonl.ts";
import { cellsCsv } from "./csv.ts";
import { renderPage } from "./render/page.ts";
import { renderMarkdown } from "./render/markdown.ts";
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
  const files: Readonly<Record<string, string>> = {
    "report.html": clean(renderPage(inputs.manifest, sections)),
    "report.md": renderMarkdown(inputs.manifest, sections),
    "report.csv": cellsCsv(inputs),
    "report.json": `${toJson(json)}\n`,
  };
  for (const [name, content] of Object.entries(files)) {
    const path = join(dir, name);
    await writeAtomic(path, content).catch((error: unknown) => {
      throw diskFault(path, error);
    });
  }
  return Object.keys(files);
}
