import { toJson } from "../format/json.ts";
import { join } from "node:path";
import type { Values } from "../../lib/cli/spec.ts";
import { print, say } from "../../lib/output.ts";
import { renderSections, reportJson } from "../report/index.ts";
import { loadReport } from "../report/load.ts";
import { renderText } from "../report/render/text.ts";
import { writeReport } from "../report/write.ts";
import type { REPORT } from "./options.ts";
import { runNamed } from "./targets.ts";

/** `lathe report`. */
export async function report(values: Values<typeof REPORT>, named: string | undefined): Promise<void> {
  const dir = await runNamed(values.runs, named);
  const write = values.print !== true;
  const { written, text, json } = await reported(dir, write);
  for (const name of written) say(join(dir, name));
  if (values.json === true) print(json);
  else if (!write) print(text);
}

/** The report at a run's end: its tables on stdout, or with `--json` the document there and the tables on stderr. */
export async function reportAtEnd(dir: string, json: boolean): Promise<void> {
  const { written, text, json: document } = await reported(dir, true);
  (json ? say : print)(`\n${text}`);
  if (json) print(document);
  say(`\nKept in ${dir}: run.json, records.jsonl, answers.jsonl, ${written.join(", ")}`);
  say(`The report: ${join(dir, "report.html")}`);
}

/** The report of a run's folder as text and as JSON, and the names of its files where they are to be written. */
async function reported(dir: string, write: boolean) {
  const inputs = await loadReport(dir, say);
  const sections = await renderSections(inputs);
  const data = await reportJson(inputs);
  const written = write ? await writeReport(dir, inputs, sections, data) : [];
  return { written, text: renderText(sections), json: toJson(data) };
}
