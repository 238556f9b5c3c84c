import { formatMs } from "../../format/numbers.ts";
import { isPlain } from "../../matrix/cell.ts";
import { attribute, comesToWhole } from "../../stats/attribution/attribution.ts";
import { groupsBut } from "../../stats/levels.ts";
import { mean } from "../../stats/math/quantile.ts";
import type { CellSummary } from "../../stats/summary.ts";
import type { ModelFinding } from "../answer/types.ts";
import { placeText, protocolNames } from "../answer/names.ts";
import type { ReportInputs } from "../section.ts";
import { type Markup, html } from "../render/markup.ts";

/** A bar: its parts from left to right. */
export interface TimeBar {
  readonly name: string;
  readonly parts: readonly { readonly colour: string; readonly label: string; readonly ms: number }[];
  readonly wholeMs: number;
}

/** What the null model makes visible, and what the client sees by itself. */
const PARTS = [
  ["compute", "model"],
  ["encode", "encode"],
  ["decode", "decode"],
  ["server", "server and wire"],
  ["network", "network"],
] as const;
const PHASES = [
  ["lateMs", "late", "waits for its turn"],
  ["encodeMs", "encode", "encode"],
  ["sendMs", "network", "sending"],
  ["waitMs", "compute", "waiting for the answer"],
  ["receiveMs", "server", "receiving"],
  ["decodeMs", "decode", "decode"],
] as const;

/**
 * Where a model's time goes at each place and protocol that is compared, or at all: by attribution where a null model allows it, else by
 * the client's phases. Quickest first.
 */
export function timeBars(inputs: ReportInputs, { model, rows }: ModelFinding, most: number): readonly TimeBar[] {
  const { study, axes, manifest, cells, summaries } = inputs;
  const name = protocolNames(manifest.clients);
  const attributed = study === undefined ? [] : attribute(study).filter((a) => a.levels["model"] === model);
  const split = new Map(
    attributed.map((a) => [JSON.stringify(["placement", "link", "server", "client"].map((key) => a.levels[key])), a]),
  );
  const groups = groupsBut(
    cells.filter((c) => c.model === model && (attributed.length === 0 || isPlain(c))),
    axes,
    ["image"],
  );
  const bars = groups.flatMap((group): TimeBar[] => {
    const [cell] = group;
    const title = `${placeText(cell, inputs)}, ${name(cell.client)}`;
    const place = [`${cell.clientMachine} → ${cell.serverMachine}`, cell.link?.name ?? ""];
    const own = split.get(JSON.stringify([...place, cell.server, cell.client]));
    if (own !== undefined && comesToWhole(own))
      return [
        {
          name: title,
          parts: PARTS.map(([part, label]) => ({ colour: part, label, ms: own.parts[part].value })),
          wholeMs: own.total.value,
        },
      ];
    if (attributed.length > 0) return [];
    const found = group.map((c) => summaries.get(c.id)).filter((s) => s !== undefined && s.n > 0) as CellSummary[];
    if (found.length === 0) return [];
    const parts = PHASES.map(([phase, colour, label]) => ({
      colour,
      label,
      ms: mean(found.map((s) => s.phaseMeansMs[phase] ?? 0)),
    }));
    return [{ name: title, parts: parts.filter((p) => p.ms > 0), wholeMs: mean(found.map((s) => s.meanMs)) }];
  });
  const compared = new Set(rows.filter((r) => r.compared).map((r) => `${r.place}, ${r.protocol}`));
  const shown = compared.size === 0 ? bars : bars.filter((b) => compared.has(b.name));
  return shown.toSorted((a, b) => a.wholeMs - b.wholeMs).slice(0, most);
}

/** Parts as bars of one scale, with their legend and the whole beside each. Parts below zero are left out. */
export function barsHtml(bars: readonly TimeBar[]): Markup {
  const longest = Math.max(
    ...bars.map((b) =>
      Math.max(
        b.wholeMs,
        b.parts.reduce((sum, p) => sum + Math.max(0, p.ms), 0),
      ),
    ),
  );
  const used = new Map(bars.flatMap((b) => b.parts.filter((p) => p.ms > 0).map((p) => [p.colour, p.label])));
  return html`<ul class="legend">
      ${[...used].map(([colour, label]) => html`<li><span class="key square ${colour}"></span>${label}</li>`)}
    </ul>
    <ul class="bars">
      ${bars.map((b) => html`<li><span>${b.name}</span>${bar(b, longest)}<span class="num">${formatMs(b.wholeMs)} ms</span></li>`)}
    </ul> `;
}

function bar({ name, parts }: TimeBar, longest: number): Markup {
  let x = 0;
  const pieces = parts.flatMap(({ colour, ms }) => {
    if (!(ms > 0)) return [];
    const [at, width] = [(100 * x) / longest, (100 * ms) / longest];
    x += ms;
    return [html`<rect x="${at.toFixed(2)}" width="${width.toFixed(2)}" height="10" fill="var(--${colour})"></rect>`];
  });
  const words = parts
    .filter((p) => p.ms > 0)
    .map((p) => `${p.label} ${formatMs(p.ms)} ms`)
    .join(", ");
  return html`<svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="${name}: ${words}">
    ${pieces}
  </svg>`;
}
