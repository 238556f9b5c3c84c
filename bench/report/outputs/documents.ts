import { clean, documentText } from "../../../lib/clean.ts";
import { cellsCsv } from "../csv.ts";
import { frontOf } from "../front/front.ts";
import { methodsPage } from "../methods.ts";
import { renderMarkdown } from "../render/markdown.ts";
import { renderPage } from "../render/page.ts";
import { caveats } from "../sections/caveats.ts";
import type { Render } from "./output.ts";

/** The report as one HTML file. */
export const page: Render = ({ inputs, sections }) =>
  clean(renderPage({ ...frontOf(inputs), caveats: caveats(inputs.manifest) }, sections));
/** How the numbers of any report come about: a page of its own, which reports link to. */
export const methods: Render = () => clean(methodsPage());
/** The report as Markdown. */
export const markdown: Render = ({ inputs, sections }) => renderMarkdown(frontOf(inputs).title, sections);
/** One line for each cell. */
export const csv: Render = ({ inputs }) => cellsCsv(inputs);
/** The report for programs. */
export const json: Render = (run) => `${documentText(run.json)}\n`;
