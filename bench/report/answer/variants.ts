import { and } from "../../../lib/words.ts";
import { formatRatioInterval } from "../../format/numbers.ts";
import { known } from "../../stats/math/estimate.ts";
import { kindTitle } from "../charts/colours.ts";
import type { ReportInputs } from "../section.ts";
import type { Notable } from "./types.ts";
import { type ServersFinding, type Way, computing, serversFindings, toldSettings } from "./which-server.ts";

/** What settings do: of each server that stands beside another one of its kind, the client kind that shows most of it. */
export function variantsOf(inputs: ReportInputs): Notable[] {
  return computing(serversFindings(inputs), inputs).flatMap((found) =>
    [...Map.groupBy(found.ways, (w) => w.server).values()].flatMap((own) => {
      const surely = own.filter(differs).toSorted((a, b) => far(b) - far(a));
      return surely.slice(0, 1).flatMap((way) => variantOf(found, way, inputs));
    }),
  );
}

const far = ({ overFirst }: Way) => Math.abs(Math.log(overFirst?.ratio ?? 1));

/** Whether its interval leaves out 1. */
function differs({ overFirst }: Way): boolean {
  const interval = known(overFirst?.interval);
  return interval !== null && (interval.low > 1 || interval.high < 1);
}

/** None where nothing tells the two servers apart but their names. */
function variantOf({ model, placement, ways }: ServersFinding, way: Way, inputs: ReportInputs): Notable[] {
  const { servers } = inputs.manifest;
  const self = servers.find((s) => s.id === way.server);
  const other = servers.find((s) => s.kind === self?.kind && s.machineId === self.machineId);
  const first = ways.find((w) => w.server === other?.id);
  if (self === undefined || other === undefined || first === undefined || way.overFirst === null) return [];
  const differ = toldSettings(self, inputs).filter(([key, value]) => other.settings[key] !== value);
  if (differ.length === 0) return [];
  // The slower one is named first: so the ratio is above 1.
  const { ratio, interval } = way.overFirst;
  const [slow, fast] = ratio >= 1 ? [way, first] : [first, way];
  const times = Number(Math.max(ratio, 1 / ratio).toPrecision(3));
  const ends = interval === null || ratio >= 1 ? interval : { low: 1 / interval.high, high: 1 / interval.low };
  const said = `${slow.serverKind} takes ${times} times as long as ${fast.serverKind}`;
  const settings = differ.map(
    ([key, value]) =>
      `${key}: ${value} on ${way.serverKind}, ${other.settings[key] ?? "not set"} on ${first.serverKind}`,
  );
  return [
    {
      short: `${said} by ${way.client}`,
      whole: `${said} by ${kindTitle(way.client)} for ${model}, ${placement} (${formatRatioInterval(ends)}).`,
      cause: `They differ in ${and(settings)}.`,
    },
  ];
}
