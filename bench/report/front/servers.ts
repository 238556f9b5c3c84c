import { formatMs, formatRatio, formatRatioInterval } from "../../format/numbers.ts";
import { formatBytes } from "../answer/names.ts";
import { computing, fastestWays, secondsText, serverCosts, serversFindings } from "../answer/which-server.ts";
import { type Table, type TableCell, rights, table } from "../blocks.ts";
import { kindTitle } from "../charts/colours.ts";
import type { ReportInputs } from "../section.ts";

/**
 * Which server, in place of the map of places and protocols, most of whose fields would be empty: a table for each model that computes,
 * with each server by the client kind that is fastest on it. Empty where machines have one server each.
 */
export function serversBlocks(inputs: ReportInputs): readonly Table[] {
  const costs = new Map(serverCosts(inputs).map((c) => [c.server, c]));
  return computing(serversFindings(inputs), inputs).map(({ model, placement, ways }) => {
    const reference = ways.find((w) => w.isReference);
    const one =
      reference &&
      `${reference.serverKind}, ${kindTitle(reference.client)}: ${formatMs(reference.ms?.ratio ?? NaN)} ms`;
    return table({
      caption: `${model}, ${placement}: each server by its fastest client program`,
      columns: [
        "server",
        "fastest by",
        ...rights("ms", "times as long", "95 %", "CPU s an answer", "memory, peak", "ready after"),
      ],
      rows: fastestWays({ ways }).map((w): TableCell[] => {
        const cost = costs.get(w.server);
        return [
          ...[w.serverKind, kindTitle(w.client), formatMs(w.ms?.ratio ?? NaN)],
          ...(w.isReference
            ? ["1", ""]
            : w.over === null
              ? ["", ""]
              : [formatRatio(w.over.ratio), formatRatioInterval(w.over.interval)]),
          w.cpuSeconds === null ? "" : secondsText(w.cpuSeconds),
          cost?.peakBytes == null ? "" : formatBytes(cost.peakBytes),
          cost?.readySeconds == null ? "" : `${cost.readySeconds.toFixed(0)} s`,
        ];
      }),
      notes: [
        `One call at a time. Times as long as ${one ?? ""}. Every client program, load and cost: “Which server”.`,
      ],
      method: "effects",
    });
  });
}
