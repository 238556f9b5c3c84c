import { documentText } from "../../lib/clean.ts";
import { join } from "node:path";
import type { Values } from "../../lib/cli/spec.ts";
import { print, printPainted, say } from "../../lib/output.ts";
import { shownPath } from "../../lib/paths.ts";
import { renderSections, reportJson } from "../report/index.ts";
import { loadReport } from "../report/load.ts";
import { type AskedPaths, writeAsked } from "../report/outputs/asked.ts";
import type { RunReport } from "../report/outputs/output.ts";
import { OUTPUTS } from "../report/outputs/registry.ts";
import { renderText } from "../report/render/text.ts";
import { summaryLines } from "../report/summary/summary.ts";
import { writeReport } from "../report/write.ts";
import { thresholdsCode } from "../thresholds/result.ts";
import type { REPORT } from "./options.ts";
import { runNamed } from "./targets.ts";

/** Which outputs of a report are wanted. */
export interface Wanted {
  readonly json: boolean;
  /** Print all tables in place of the summary. */
  readonly full: boolean;
  /** What the summary suggests to type next; absent: what the run suggests. */
  readonly next?: string;
  /** Further outputs, by option. */
  readonly asked: AskedPaths;
}

/** The outputs that a command's options ask for. */
export function wantedOf(values: Readonly<Record<string, unknown>>): Wanted {
  const asked = OUTPUTS.flatMap((output) => {
    const path = "option" in output ? values[output.option] : undefined;
    return "option" in output && typeof path === "string" ? [[output.option, path]] : [];
  });
  const { json, full, next } = values;
  return {
    ...{ json: json === true, full: full === true, asked: Object.fromEntries(asked) as AskedPaths },
    ...(typeof next === "string" ? { next } : {}),
  };
}

/** `lathe report`. */
export async function report(values: Values<typeof REPORT>, named: string | undefined): Promise<void> {
  const dir = await runNamed(values.runs, named);
  const wanted = wantedOf(values);
  const run = await runReport(dir);
  const write = values.print !== true;
  if (write) for (const name of await filesOf(run)) say(join(dir, name));
  for (const path of await writeAsked(run, wanted.asked, {})) say(path);
  if (wanted.json) print(document(run));
  else show(run, wanted, process.stdout, write);
}

/**
 * Writes the report at a run's end, and prints its summary on stdout. With `--json` the document goes to stdout, the summary to stderr.
 *
 * @returns the exit code that the run's thresholds ask for
 */
export async function reportAtEnd(dir: string, wanted: Wanted): Promise<number> {
  const run = await runReport(dir);
  const written = await filesOf(run);
  const asked = await writeAsked(run, wanted.asked);
  say(`Kept in ${dir}: run.json, records.jsonl, answers.jsonl, ${written.join(", ")}`);
  for (const path of asked) say(`Written: ${path}`);
  say("");
  show(run, wanted, wanted.json ? process.stderr : process.stdout, true);
  if (wanted.json) print(document(run));
  return thresholdsCode(run.inputs.thresholds ?? []);
}

/** Writes the report of a run into its folder. @returns the run as it was read, and names of the files */
export async function writeRunReport(dir: string): Promise<{ readonly run: RunReport; readonly files: string[] }> {
  const run = await runReport(dir);
  return { run, files: await filesOf(run) };
}

/** Prints the summary, or with `--full` every table. */
function show(run: RunReport, { full, next }: Wanted, out: NodeJS.WriteStream, written: boolean): void {
  const pointers = {
    ...(written ? { page: shownPath(join(run.dir, "report.html")) } : {}),
    ...(next === undefined ? {} : { next }),
  };
  if (!full && run.inputs.manifest.capacity === undefined) printPainted(summaryLines(run.inputs, pointers), out);
  else (out === process.stdout ? print : say)(renderText(run.sections));
}

const document = (run: RunReport) => documentText(run.json);

const filesOf = (run: RunReport) => writeReport(run.dir, run.inputs, run.sections, run.json);

/** The report of a run's folder. */
async function runReport(dir: string): Promise<RunReport> {
  const inputs = await loadReport(dir, say);
  return { dir, inputs, sections: await renderSections(inputs), json: await reportJson(inputs) };
}
