import { clean, jsonText } from "../../../lib/clean.ts";
import { cellsCsv } from "../csv.ts";
import { renderMarkdown } from "../render/markdown.ts";
import { renderPage } from "../render/page.ts";
import type { Render } from "./output.ts";

/** The report as one HTML file. */
export const page: Render = ({ inputs, sections }) => clean(renderPage(inputs.manifest, sections));
/** The report as Markdown. */
export const markdown: Render = ({ inputs, sections }) => renderMarkdown(inputs.manifest, sections);
/** One line for each cell. */
export const csv: Render = ({ inputs }) => cellsCsv(inputs);
/** The report for programs. */
export const json: Render = (run) => `${jsonText(run.json, 2)}\n`;
