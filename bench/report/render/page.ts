import { readFileSync } from "node:fs";
import type { RunManifest } from "../../records/manifest.ts";
import type { RenderedSection } from "../section.ts";
import { blockHtml } from "./blocks-html.ts";
import { blocksFor } from "../blocks.ts";
import { caveats } from "../sections/caveats.ts";
import { type Markup, html, trusted } from "./markup.ts";

/** Nothing is fetched and no script runs: the page is text, styles and pictures of its own, whatever is written in it. */
const CONTENT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** The report as one HTML file: readable without a network, on a phone, in print, light and dark. */
export function renderPage(manifest: RunManifest, sections: readonly RenderedSection[]): string {
  const styles = trusted(readFileSync(new URL("./page.css", import.meta.url), "utf8"));
  const shown = sections.map((s) => ({ ...s, blocks: blocksFor("html", s.blocks) })).filter((s) => s.blocks.length > 0);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${CONTENT_POLICY}" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>Lathe: run ${manifest.id}</title>
        <style>
          ${styles}
        </style>
      </head>
      <body>
        <header>
          <p class="eyebrow">Lathe · run ${manifest.id} · ${manifest.createdAt.slice(0, 10)}</p>
          <h1>Which machine, which model, which protocol?</h1>
        </header>
        <nav aria-label="Contents">
          <ul>
            ${shown.map((s) => html`<li><a href="#${s.id}">${s.short}</a></li>`)}
          </ul>
        </nav>
        <main>${shown.map((s) => sectionHtml(s, s.id === "answer" ? [] : caveats(manifest)))}</main>
      </body>
    </html> `.text;
}

function sectionHtml({ id, title, blocks }: RenderedSection, caveats: readonly string[]): Markup {
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${caveats.length > 0 && html`<p class="caveats"><span aria-hidden="true">!</span> ${caveats.join("; ")}</p>`}
    ${blocks.map((b, i) => blockHtml(b, `${id}-${i}`, title))}
  </section> `;
}
