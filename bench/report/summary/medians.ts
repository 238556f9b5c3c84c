import { cleanLine } from "../../../lib/clean.ts";
import type { Line, Span } from "../../../lib/output.ts";
import { formatMs } from "../../format/numbers.ts";
import type { ModelFinding, PlaceRow } from "../answer/types.ts";
import { COLUMNS, fitted, padded } from "./line.ts";

/** A place's name takes no more than this. */
const PLACE_WIDTH = 28;
const GAP = "  ";

/** The columns of one model: a protocol each. */
interface Group {
  readonly model: string;
  readonly protocols: readonly string[];
  readonly widths: readonly number[];
  readonly at: (place: string, protocol: string) => PlaceRow | undefined;
}

/**
 * Medians in milliseconds: a line for each place, a column for each model and protocol. Where places are compared those alone are
 * shown: the others answer no question. What does not fit is left to the full report.
 *
 * @param most lines of places at most
 */
export function mediansTable(perModel: readonly ModelFinding[], most: number): Line[] {
  const anyCompared = perModel.some((m) => m.rows.some((r) => r.compared));
  const compared = new Set(
    perModel.flatMap((m) => m.rows.filter((r) => r.compared || !anyCompared).map((r) => r.place)),
  );
  const all = [...new Set(perModel.flatMap((m) => m.rows.map((r) => r.place)))];
  const places = all.filter((p) => compared.has(p));
  if (places.length === 0) return [];
  const shown = places.length > most ? places.slice(0, Math.max(1, most - 1)) : places;
  const names = shown.map((p) => fitted(cleanLine(p), PLACE_WIDTH));
  const heads = ["median, ms", "* fastest, ~ may be"];
  const first = Math.max(...[...names, ...heads].map((n) => n.length));
  const groups = named(fitting(perModel.map(groupOf), COLUMNS - first), COLUMNS - first);
  const head = (text: string, cells: readonly string[]): Line => [
    padded(text.padEnd(first), "faint"),
    ...cells.map((c) => padded(c, "strong")),
  ];
  return [
    head(
      heads[0] ?? "",
      groups.map((g) => titleOf(g)),
    ),
    head(
      heads[1] ?? "",
      groups.flatMap((g) => g.protocols.map((p, i) => cell(`${p} `, g.widths[i] ?? 0))),
    ),
    ...shown.map((place, i): Line => [
      { text: (names[i] ?? "").padEnd(first) },
      ...groups.flatMap((g) => g.protocols.map((p, k) => medianOf(g.at(place, p), g.widths[k] ?? 0))),
    ]),
    ...(shown.length < places.length ? [[padded(`… ${places.length - shown.length} more with --full`, "faint")]] : []),
  ];
}

function groupOf({ model, rows }: ModelFinding): Group {
  const protocols = [...new Set(rows.map((r) => r.protocol))];
  const at = (place: string, protocol: string) => rows.find((r) => r.place === place && r.protocol === protocol);
  const widths = protocols.map((protocol) => {
    const texts = rows.filter((r) => r.protocol === protocol).map((r) => msText(r).length + 1);
    return Math.max(protocol.length + 1, 7, ...texts);
  });
  return { model, protocols, at, widths };
}

/** As many models as fit beside each other, one at least. */
function fitting(groups: readonly Group[], columns: number): Group[] {
  let left = columns;
  return groups.filter((g, i) => (left -= widthOf(g)) >= 0 || i === 0);
}

/** With columns as wide as the models' names above them, as far as there is room: no name is cut without need. */
function named(groups: readonly Group[], columns: number): Group[] {
  let left = columns - groups.reduce((sum, g) => sum + widthOf(g), 0);
  return groups.map((g) => {
    const lacking = [...cleanLine(g.model)].length + GAP.length + 1 - widthOf(g);
    const more = Math.max(0, Math.min(left, lacking));
    left -= more;
    return { ...g, widths: g.widths.map((width, i) => (i === 0 ? width + more : width)) };
  });
}

const widthOf = ({ widths }: Group) => widths.reduce((sum, w) => sum + w + GAP.length, 0);
const cell = (text: string, width: number) => GAP + text.padStart(width);
/** A model's name above its columns, at their right. */
const titleOf = (g: Group) => `${fitted(cleanLine(g.model), widthOf(g) - GAP.length - 1)} `.padStart(widthOf(g));

const msText = (row: PlaceRow | undefined) =>
  row === undefined ? "" : row.medianMs === null ? (row.failed > 0 ? "failed" : "–") : formatMs(row.medianMs);

function medianOf(row: PlaceRow | undefined, width: number): Span {
  const mark = row?.best === true ? "*" : row?.maybeBest === true ? "~" : " ";
  const text = cell(msText(row) + mark, width);
  if (row?.best === true) return padded(text, "good");
  if (row?.maybeBest === true) return padded(text, "unsure");
  return row?.medianMs === null && row.failed > 0 ? padded(text, "bad") : padded(text);
}
