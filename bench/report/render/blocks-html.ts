import type { Block, Figure, LegendEntry, Prose, Table, TableCell, TableColumn, Tone } from "../blocks.ts";
import { blocksFor, cellText } from "../blocks.ts";
import { type Markup, html, trusted } from "./markup.ts";

/**
 * A block as HTML.
 *
 * @param id unique in the page, for what must refer to it
 * @param around title of the section that it belongs to: names a table that has no caption
 */
export function blockHtml(block: Block, id: string, around: string): Markup {
  switch (block.kind) {
    case "prose":
      return html`<p>${prose(block.text)}</p> `;
    case "list":
      return html`<ul class="points">
        ${block.items.map((item) => html`<li>${prose(item)}</li>`)}
      </ul> `;
    case "notice":
      return html`<p class="notice ${block.tone}">
        <span class="sign" aria-hidden="true">!</span><span>${prose(block.text)}</span>
      </p> `;
    case "table":
      return tableHtml(block, id, around);
    case "figure":
      return figureHtml(block, id);
    case "fold":
      return html`<details>
        <summary>${block.title}</summary>
        ${blocksFor("html", block.blocks).map((b, i) => blockHtml(b, `${id}-${i}`, block.title))}
      </details> `;
    case "only":
      return html`${blocksFor("html", [block]).map((b, i) => blockHtml(b, `${id}-${i}`, around))}`;
  }
}

function prose(text: Prose): Markup {
  return typeof text === "string"
    ? html`${text}`
    : html`${text.map((part) => (typeof part === "string" ? html`${part}` : html`<strong>${part.strong}</strong>`))}`;
}

const SIGNS: Readonly<Record<Tone, string>> = { good: "✓", bad: "✗", unsure: "?", muted: "" };

/** A tone is a sign before it is a colour. The words beside it say the same, so it is not read out. */
function sign(tone: Tone): Markup {
  return tone === "muted" ? html`` : html`<span class="sign" aria-hidden="true">${SIGNS[tone]}</span>`;
}

/** A cell of so many characters stays on one line: the table scrolls before its words are torn apart. */
const SHORT = 24;
/** One of so many more takes two lines, and from there on as many as it needs. */
const MIDDLE = 32;

/** What a quarter of a card has room for: a value on one line, its title on two. What is longer takes two quarters. */
const NARROW = { value: 8, title: 20 };

/** A table of more rows scrolls by itself, its header in sight. */
const TALL = 24;

/** More cards than that scroll by themselves on a phone: a screen has room for three or four of them. */
const MANY_CARDS = 5;

/** What a phone has room for, in characters. A wider table is shown there as a card for each row: nobody scrolls sideways. */
const PHONE_CHARACTERS = 38;

/** A cell's width in characters; the sign of a tone is as wide as two. */
const roomOf = (cell: TableCell) => cellText(cell).length + (typeof cell === "string" || cell.tone === "muted" ? 0 : 2);

function isForCards({ columns, rows }: Table): boolean {
  const widths = columns.map((c, i) =>
    Math.max(...c.title.split("\n").map((line) => line.length), ...rows.map((row) => roomOf(row[i] ?? ""))),
  );
  // The room between two columns is that of two characters.
  return widths.reduce((sum, width) => sum + width + 2, 0) > PHONE_CHARACTERS;
}

function tableHtml(block: Table, id: string, around: string): Markup {
  const { caption, columns, rows, notes = [], sortable = false } = block;
  const cards = isForCards(block);
  const tall = rows.length > TALL && " tall";
  const many = cards && rows.length > MANY_CARDS && " many";
  // As cards they are no table to a browser any more, so their roles are named.
  const role: Role = (name) => cards && html` role="${name}"`;
  const grouped = columns.some((c) => c.group !== undefined);
  const wide = columns.map(
    (c, i) =>
      cards && (cardTitle(c).length > NARROW.title || rows.some((row) => cellText(row[i] ?? "").length > NARROW.value)),
  );
  const kind = (i: number) => (columns[i]?.align === "right" ? "num" : "words");
  const title = (text: string) => html`${text.split("\n").map((line, i) => html`${i > 0 && trusted("<br>")}${line}`)}`;
  const heads = columns.map(
    (c, i) =>
      (c.group !== undefined || !grouped) &&
      html`<th scope="col" class="${kind(i)}" ${role("columnheader")}>${title(c.title)}</th>`,
  );
  const cell = (value: TableCell, i: number) => {
    const inner =
      typeof value === "string"
        ? html`${value}`
        : html`<span class="tone ${value.tone}">${sign(value.tone)}${cellText(value)}</span>`;
    const { length } = cellText(value);
    const long = length > MIDDLE ? " long" : length > SHORT ? " middle" : wide[i] === true ? " wide" : "";
    if (i === 0) return html`<th scope="row" class="${kind(i)}${long}" ${role("rowheader")}>${inner}</th>`;
    const name = cards && columns.length > 2 && html` data-title="${cardTitle(columns[i])}"`;
    return html`<td class="${kind(i)}${long}" ${name}${role("cell")}>${inner}</td>`;
  };
  // The scroller is reached by keyboard, so it has a name.
  const name = caption === undefined ? html`aria-label="${around}"` : html`aria-labelledby="${id}-caption"`;
  return html`<div class="table">
    ${caption !== undefined && html`<p class="caption" id="${id}-caption">${caption}</p>`}
    <div class="scroll${cards && " cards"}${many}${tall}" tabindex="0" role="group" ${name}>
      <table ${role("table")}${sortable && html` class="sortable"`}>
        <thead ${role("rowgroup")}>
          ${grouped && groupRow(columns, title, role)}
          <tr ${role("row")}>
            ${heads}
          </tr>
        </thead>
        <tbody ${role("rowgroup")}>
          ${rows.map(
            (row) =>
              html`<tr ${role("row")}>
                ${row.map(cell)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${(notes.length > 0 || block.method !== undefined) && html`<div class="notes">${notes.map((n) => html`<p>${n}</p>`)}${methodLink(block.method)}</div>`}
  </div> `;
}

/** The role of a part of a table, where the browser would not know it. */
type Role = (name: string) => Markup | false;

/** What a card says before a value: the title of its column, after that of the column's group. */
function cardTitle({ title = "", group }: Partial<TableColumn> = {}): string {
  return (group === undefined ? title : `${group}: ${title}`).replaceAll("\n", " ");
}

/** Where the page of methods says how it was done. */
function methodLink(method: string | undefined): Markup | false {
  return method !== undefined && html`<p><a href="${METHODS_FILE}#${method}">How this is computed</a></p>`;
}

/** The page of methods, beside the report. */
const METHODS_FILE = "methods.html";

function groupRow(columns: Table["columns"], title: (text: string) => Markup, role: Role): Markup {
  const heads = columns.map(({ group, title: own }, i) => {
    if (group === undefined) return html`<th scope="col" rowspan="2" ${role("columnheader")}>${title(own)}</th>`;
    if (columns[i - 1]?.group === group) return false;
    const next = columns.findIndex((c, at) => at > i && c.group !== group);
    const over = (next < 0 ? columns.length : next) - i;
    return html`<th scope="colgroup" colspan="${over}" ${role("columnheader")}>${title(group)}</th>`;
  });
  return html`<tr ${role("row")}>
    ${heads}
  </tr>`;
}

function figureHtml({ title, panels, legend, caption, data, small = false, method }: Figure, id: string): Markup {
  return html`<figure aria-labelledby="${id}-title">
    <figcaption>
      <strong id="${id}-title">${title}</strong>${caption !== undefined && html`<span>${caption}</span>`}
    </figcaption>
    ${legend !== undefined && legendHtml(legend)}
    <div class="panels${small && " small-panels"}">
      ${panels.map(
        (p) =>
          html`<div class="panel">
            ${p.title !== undefined && html`<p class="panel-title">${p.title}</p>`}${p.picture}
          </div> `,
      )}
    </div>
    ${methodLink(method)}
    ${
      data !== undefined &&
      html`<details>
        <summary>The numbers</summary>
        ${tableHtml(data, `${id}-data`, title)}
      </details>`
    }
  </figure> `;
}

function legendHtml(entries: readonly LegendEntry[]): Markup {
  const key = ({ sign, hollow, colour }: LegendEntry) =>
    html`<span class="key ${sign ?? "circle"} ${colour}${hollow === true && " hollow"}"></span>`;
  return html`<ul class="legend">
    ${entries.map((e) => html`<li>${key(e)}${e.label}</li>`)}
  </ul>`;
}
