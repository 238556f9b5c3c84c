import { cellsCsv } from "../csv.ts";
import { renderMarkdown } from "../render/markdown.ts";
import { renderPage } from "../render/page.ts";
import type { Render } from "./output.ts";

/** The report as one HTML file. */
export const page: Render = ({ inputs, sections }) => renderPage(inputs.manifest, sections);
/** The report as Markdown. */
export const markdown: Render = ({ inputs, sections }) => renderMarkdown(inputs.manifest, sections);
/** One line for each cell. */
export const csv: Render = ({ inputs }) => cellsCsv(inputs);
/** The report for programs. */
export const json: Render = (run) => `${JSON.stringify(run.json, null, 2)}\n`;
