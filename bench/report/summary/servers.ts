import { cleanLine } from "../../../lib/clean.ts";
import type { Line } from "../../../lib/output.ts";
import { formatMs, formatRatio, formatRatioInterval } from "../../format/numbers.ts";
import { type ServersFinding, type Way, fastestWays } from "../answer/which-server.ts";
import { kindTitle } from "../charts/colours.ts";
import { fitted, padded } from "./line.ts";

/** Widths of the columns but the first one, and of a server's name at most. */
const [BY, MS, TIMES, NAME] = [26, 9, 7, 20];

/**
 * Which server: each with the client kind that was fastest on it, fastest first, and how many times as long it takes as the server of
 * reference by the client kind of reference.
 *
 * @param most servers at most
 */
export function serversTable({ model, placement, ways }: ServersFinding, most: number): Line[] {
  const best = fastestWays({ ways });
  const reference = ways.find((w) => w.isReference);
  if (best.length === 0 || reference === undefined) return [];
  const shown = best.slice(0, most);
  const one = `${reference.serverKind} by ${kindTitle(reference.client)}, ${formatMs(reference.ms?.ratio ?? NaN)} ms`;
  const name = (w: Way) => fitted(cleanLine(w.serverKind), NAME);
  const first = Math.max("server".length, ...shown.map((w) => name(w).length));
  const row = (a: string, b: string, ms: string, times: string, range: string) =>
    `${a.padEnd(first)}  ${b.padEnd(BY)}${ms.padStart(MS)}  ${times.padStart(TIMES)}  ${range}`.trimEnd();
  return [
    [padded(fitted(cleanLine(`${model}, ${placement}; 1 = ${one}:`), 78), "faint")],
    [padded(row("server", "fastest by", "ms", "times", "95 %"), "faint")],
    ...shown.map((w): Line => {
      const times = w.isReference ? "1" : w.over === null ? "" : formatRatio(w.over.ratio);
      const range = w.over === null ? "" : formatRatioInterval(w.over.interval);
      const text = row(name(w), fitted(kindTitle(w.client), BY), formatMs(w.ms?.ratio ?? NaN), times, range);
      return [padded(text, w === shown[0] ? "strong" : undefined)];
    }),
    ...(shown.length < best.length ? [[padded(`… ${best.length - shown.length} more with --full`, "faint")]] : []),
  ];
}
