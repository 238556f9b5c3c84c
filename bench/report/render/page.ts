import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { RenderedSection } from "../section.ts";
import { blockHtml } from "./blocks-html.ts";
import { blocksFor } from "../blocks.ts";
import { type Markup, html, trusted } from "./markup.ts";

const STYLES = readFileSync(new URL("./page.css", import.meta.url), "utf8");
/** Sorts and filters tables; the page says the same without it. */
const SCRIPT = readFileSync(new URL("./page.js", import.meta.url), "utf8");

const hashOf = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/**
 * Nothing is fetched, and no style and no script acts but the page's own two, by their hashes: the page is text and pictures of its
 * own, whatever is written in it.
 */
const CONTENT_POLICY =
  `default-src 'none'; style-src ${hashOf(STYLES)}; script-src ${hashOf(SCRIPT)}; img-src data:; ` +
  "base-uri 'none'; form-action 'none'";

/** A page: what its head says, what stands before the first section, and whether it is about numbers of this run. */
export interface Page {
  readonly title: string;
  readonly eyebrow: string;
  readonly body?: Markup;
  /** Stand-ins and the like: in sight wherever the page is read. */
  readonly caveats?: readonly string[];
}

/** A report as one HTML file: readable without a network or a script, on a phone, in print, light and dark. */
export function renderPage(
  { title, eyebrow, body, caveats: said = [] }: Page,
  sections: readonly RenderedSection[],
): string {
  const shown = sections.map((s) => ({ ...s, blocks: blocksFor("html", s.blocks) })).filter((s) => s.blocks.length > 0);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${CONTENT_POLICY}" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${title}</title>
        ${trusted(`<style>${STYLES}</style>`)}
      </head>
      <body>
        <header>
          <p class="eyebrow">${eyebrow}</p>
          <h1>${title}</h1>
          ${body}
        </header>
        <nav aria-label="Contents">
          <ul>
            ${shown.map((s) => html`<li><a href="#${s.id}">${s.short}</a></li>`)}
          </ul>
          ${said.length > 0 && html`<p class="caveats"><span aria-hidden="true">!</span> ${said.join("; ")}</p>`}
        </nav>
        <main>${shown.map((s) => sectionHtml(s))}</main>
        ${trusted(`<script>${SCRIPT}</script>`)}
      </body>
    </html> `.text;
}

function sectionHtml({ id, title, blocks }: RenderedSection): Markup {
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${blocks.map((b, i) => blockHtml(b, `${id}-${i}`, title))}
  </section> `;
}
