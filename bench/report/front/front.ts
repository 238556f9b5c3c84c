import { count } from "../../../lib/words.ts";
import { besideText } from "../answer/compared.ts";
import { resumeCommand } from "../answer/settle.ts";
import { titleModel } from "../answer/title.ts";
import { modelFindings } from "../answer/models.ts";
import { type Finding, findingOf } from "../finding.ts";
import { type Markup, html } from "../render/markup.ts";
import type { ReportInputs } from "../section.ts";
import { blockHtml } from "../render/blocks-html.ts";
import { summaryTable } from "../sections/capacity.ts";
import { barsHtml, timeBars } from "./bars.ts";
import { capacityTitle } from "./capacity.ts";
import { heatMap } from "./heat.ts";
import { ratesTable } from "./rates.ts";
import { serversBlocks } from "./servers.ts";
import { extentText } from "./words.ts";

/** Most bars on the first screen. */
const BARS = 6;

/** Files beside the page, as far as a run's folder has them. */
const FILES: readonly (readonly [file: string, title: string])[] = [
  ["report.csv", "cells (CSV)"],
  ["report.json", "JSON"],
  ["report.md", "Markdown"],
  ["records.jsonl", "records"],
  ["run.json", "provenance"],
  ["methods.html", "methods"],
];

/** What the first screen shows: the title, and all that stands below it before the first section. */
export interface Front {
  readonly title: string;
  readonly eyebrow: string;
  readonly body: Markup;
}

/** The first screen: the finding, the matrix as a map, each answer with how sure it is, why, and where the time goes. */
export function frontOf(inputs: ReportInputs): Front {
  const { manifest } = inputs;
  // Its cells are steps of searches: no question is about them.
  if (manifest.capacity !== undefined) return capacityFront(inputs, manifest.capacity.slo);
  const finding = findingOf(inputs);
  const model = titleModel(modelFindings(inputs));
  const bars = model === undefined ? [] : timeBars(inputs, model, BARS);
  const underLoad = finding.confidence === undefined && finding.loads.length > 0;
  const servers = underLoad ? [] : serversBlocks(inputs);
  return {
    title: finding.title,
    eyebrow: `Lathe · run ${manifest.id} · ${extentText(finding.where)}`,
    body: html`${links()}${strip(finding)} ${underLoad && ratesTable(finding.loads)}
      ${servers.map((block, i) => blockHtml(block, `servers-front-${i + 1}`, "Which server"))}
      <div class="front">
        <div>
          ${!underLoad && servers.length === 0 && finding.where.measured > 0 && heatMap(ordered(finding.perModel, model?.model))}
          ${finding.where.measured === 0 && failuresHtml(inputs)}
        </div>
        <div>
          ${finding.answers.length > 0 && answersHtml(finding)}
          ${
            finding.notable.length > 0 &&
            html`<h2 class="side">Also found</h2>
              ${finding.notable.map((n) => html`<p class="small found">${n.whole} ${n.cause}</p>`)}`
          }
        </div>
        <div>
          ${
            bars.length > 0 &&
            html`<h2 class="side">Where ${model?.model ?? ""}'s time goes (mean)</h2>
              ${barsHtml(bars)}`
          }
        </div>
        <div>
          ${
            finding.why.length > 0 &&
            html`<h2 class="side">Why</h2>
              <ul class="points why">
                ${finding.why.map((text) => html`<li>${text}</li>`)}
              </ul>`
          }
        </div>
      </div> `,
  };
}

/** Of searches: the highest rate, and a row for each search. */
function capacityFront({ manifest, capacity }: ReportInputs, slo: string): Front {
  return {
    title: capacity === undefined ? `The highest rate with ${slo}` : capacityTitle(capacity),
    eyebrow: `Lathe · run ${manifest.id}`,
    body: html`${links()}${capacity !== undefined && blockHtml(summaryTable(capacity), "capacity-front", "Capacity")}`,
  };
}

/** The model that the title is of stands first. */
function ordered(models: Finding["perModel"], first: string | undefined): Finding["perModel"] {
  return [...models.filter((m) => m.model === first), ...models.filter((m) => m.model !== first)];
}

function links(): Markup {
  return html`<p class="files">${FILES.map(([file, title]) => html`<a href="${file}">${title}</a> `)}</p> `;
}

/** All caveats in one line, unfolded where somebody wants them. */
function strip({ caveats }: Finding): Markup | false {
  if (caveats.length === 0) return false;
  const worst = caveats.some((c) => c.tone === "bad") ? "bad" : "unsure";
  return html`<details class="strip ${worst}">
    <summary>
      <b>${count(caveats.length, "caveat")}:</b> ${[...new Set(caveats.map((c) => c.short))].join(" · ")}
    </summary>
    <ul class="points">
      ${caveats.map((c) => html`<li>${c.whole}</li>`)}
    </ul>
  </details> `;
}

/** Where nothing was measured: what the servers or machines said, the most frequent first. */
function failuresHtml({ cells, summaries, manifest }: ReportInputs): Markup | false {
  const said = cells.flatMap((c) => summaries.get(c.id)?.failure ?? []);
  if (said.length === 0) return false;
  const alike = [...Map.groupBy(said, (f) => `${f.code}: ${f.message}`)].sort(([, a], [, b]) => b.length - a.length);
  return html`<h2 class="side">What failed</h2>
    <ul class="points">
      ${alike.slice(0, MOST_FAILURES).map(([text, own]) => html`<li>${count(own.length, "cell")}: ${text}</li>`)}
    </ul>
    ${alike.length > MOST_FAILURES && html`<p class="small">and ${alike.length - MOST_FAILURES} more below</p>`}
    <p class="small">To try again: <code>${resumeCommand({ manifest })}</code></p> `;
}

/** Failures that the first screen shows. */
const MOST_FAILURES = 5;

const SURE = { high: ["good", "✓", "high confidence"], inconclusive: ["unsure", "?", "inconclusive"] } as const;

function answersHtml({ answers }: Finding): Markup {
  return html`<h2 class="side">Answers</h2>
    <dl class="answers">
      ${answers.map((a) => {
        const [tone, sign, words] = SURE[a.confidence];
        return html`<div>
          <dt>${a.question}</dt>
          <dd>
            <p class="say">
              ${a.answer} <span class="sure ${tone}"><span aria-hidden="true">${sign}</span> ${words}</span>
            </p>
            <p class="small">${besideText(a)}.</p>
            ${a.settle !== undefined && html`<p class="small">To settle it: <code>${a.settle}</code></p>`}
          </dd>
        </div>`;
      })}
    </dl> `;
}
