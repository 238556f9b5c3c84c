import { formatMs } from "../../format/numbers.ts";
import type { ModelFinding, PlaceRow } from "../answer/types.ts";
import { type Table, type TableCell, rights, table } from "../blocks.ts";
import { type Markup, html } from "../render/markup.ts";
import { modelNote } from "./words.ts";

/** Ends of the steps of colour, in how many times as long a field takes as the fastest of its model. The last step has no end. */
const STEPS: readonly number[] = [1.1, 1.35, 1.8, 2.6];

/** The step of a field's colour, from 0, the fastest. */
export function stepOf(ms: number, fastestMs: number): number {
  const at = STEPS.findIndex((end) => ms <= end * fastestMs);
  return at < 0 ? STEPS.length : at;
}

/**
 * The matrix as a map: a small table a model, of place by protocol, with each median in its field, coloured by how many times as long
 * it is as the fastest of that model. All have the same rows, so that they stand side by side; a sign beside the number says what the
 * colour cannot.
 */
export function heatMap(all: readonly ModelFinding[]): Markup {
  const models = mappedModels(all);
  const places = placesOf(models);
  return html`<div class="heat" tabindex="0" role="group" aria-label="Median latency by place, protocol and model">
      ${models.map((m) => heatTable(m, places))}
    </div>
    <p class="small scale">
      <span class="swatches" aria-hidden="true">${[0, 1, 2, 3, 4].map((i) => html`<span class="h${i}"></span>`)}</span>
      <span
        >Median, ms; fastest to ${STEPS.at(-1) ?? ""} times and more, by model. <b>✓</b> fastest, <b>?</b> may be.</span
      >
    </p> `;
}

/** A null model of fewer than half of the places would only make the map too wide for its column: the tables below have it. */
export function mappedModels(models: readonly ModelFinding[]): readonly ModelFinding[] {
  const most = placesOf(models).length;
  const mapped = models.filter((m) => !m.isNull || 2 * placesOf([m]).length >= most);
  return mapped.length === 0 ? models : mapped;
}

function heatTable(m: ModelFinding, places: readonly string[]): Markup {
  const protocols = distinct(m.rows.map((r) => r.protocol));
  const fastest = Math.min(...m.rows.flatMap((r) => r.medianMs ?? []));
  return html`<table>
    <caption>
      ${m.model}${m.isNull || m.timingOnly ? html` <span class="small">(${modelNote(m)})</span>` : ""}
    </caption>
    <thead>
      <tr>
        <th scope="col"><span class="hidden">from → to</span></th>
        ${protocols.map((p) => html`<th scope="col">${p}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${places.map(
        (place) =>
          html`<tr>
            <th scope="row">${place}</th>
            ${protocols.map((p) =>
              field(
                m,
                m.rows.find((r) => r.place === place && r.protocol === p),
                fastest,
              ),
            )}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function field(m: ModelFinding, row: PlaceRow | undefined, fastest: number): Markup {
  if (row === undefined) return html`<td class="none">–</td>`;
  if (row.medianMs === null) return html`<td class="none">${row.failed > 0 ? "failed" : "–"}</td>`;
  const sign = signOf(m, row);
  return html`<td class="h${stepOf(row.medianMs, fastest)}${row.best && " best"}">
    ${formatMs(row.medianMs)}${sign !== "" && html`<b>${sign}</b>`}
  </td>`;
}

/** Whether a field is the fastest of its model, or may be. */
function signOf(m: ModelFinding, row: PlaceRow): string {
  if (!row.compared || !row.maybeBest) return "";
  return m.confidence === "high" ? "✓" : "?";
}

/** The same for a terminal and Markdown: a row a place, a column a model and protocol. */
export function heatMapTable(models: readonly ModelFinding[]): Table {
  const places = placesOf(models);
  const columns = models.flatMap((m) => distinct(m.rows.map((r) => r.protocol)).map((protocol) => ({ m, protocol })));
  const cell = (m: ModelFinding, row: PlaceRow | undefined): TableCell => {
    if (row === undefined || row.medianMs === null) return row !== undefined && row.failed > 0 ? "failed" : "–";
    const text = `${formatMs(row.medianMs)} ${signOf(m, row)}`.trimEnd();
    return row.best ? { text, tone: m.confidence === "high" ? "good" : "unsure" } : text;
  };
  return table({
    caption: "Median latency, ms",
    columns: ["from → to", ...rights(...columns.map(({ m, protocol }) => `${m.model}\n${protocol}`))],
    rows: places.map((place) => [
      place,
      ...columns.map(({ m, protocol }) =>
        cell(
          m,
          m.rows.find((r) => r.place === place && r.protocol === protocol),
        ),
      ),
    ]),
    notes: [
      "✓ fastest for its model; ? may be the fastest. Median: geometric mean over the images of the cells' medians.",
    ],
  });
}

/** Places that are compared stand first. */
function placesOf(models: readonly ModelFinding[]): string[] {
  const rows = models.flatMap((m) => m.rows);
  return distinct([...rows.filter((r) => r.compared), ...rows].map((r) => r.place));
}

const distinct = (names: readonly string[]) => [...new Set(names)];
