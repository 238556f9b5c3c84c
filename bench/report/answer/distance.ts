import { and } from "../../../lib/words.ts";
import { formatMs } from "../../format/numbers.ts";
import type { Cell } from "../../matrix/cell.ts";
import { type Link, addsNothing, linkText } from "../../matrix/link.ts";
import { LIMIT_TITLES, type Limit } from "../../stats/floor/call.ts";
import { DEFAULT_H2_WINDOW_BYTES } from "../../stats/floor/transfer.ts";
import { type CellFloor, cellFloors, measuredMs, mostBound } from "../../stats/floor/cells.ts";
import { boundaryOf, whereToServe } from "../../stats/floor/where.ts";
import { ofLog } from "../../stats/math/estimate.ts";
import { mean } from "../../stats/math/quantile.ts";
import type { Study } from "../../stats/study.ts";
import type { ReportInputs } from "../section.ts";
import { modelFindings } from "./models.ts";
import { protocolNames } from "./names.ts";
import { titleModel } from "./title.ts";
import type { Notable } from "./types.ts";

/** Ways over links that a sentence names at most: those that cost the most. */
const MOST_WAYS = 3;

/** Links and windows that cost less are not worth a sentence. */
const LEAST_TIMES = 1.1;

/** A way of calling over a link: means over images. */
interface Far {
  readonly cell: Cell;
  readonly link: Link;
  readonly ms: number;
  /** How many times as long as the same calls without the link. */
  readonly times: number;
  /** Where these were made: over a link that adds nothing, or on the server's own machine. */
  readonly base: Cell;
  /** Whether the client's HTTP/2 window for answers is no wider than HTTP/2's default. */
  readonly narrow: boolean;
  /** What bound most of them. */
  readonly limit: Limit;
}

/** What a distance costs, and what client kinds pay for their windows: found in runs over links that add something. */
export function distanceNotables(inputs: ReportInputs): Notable[] {
  const { study } = inputs;
  if (study === undefined) return [];
  const floors = [...cellFloors(study).values()];
  const ways = Map.groupBy(floors, ({ cell: c }) =>
    JSON.stringify([c.clientMachine, c.server, c.link, c.model, c.client]),
  );
  const far = [...ways.values()].flatMap((own) => farOf(own, study));
  return [...farNotable(far, inputs, study), ...windowNotable(far, inputs)];
}

/** The calls of one way, which differ in their image alone; none where the link adds nothing. */
function farOf(own: readonly CellFloor[], study: Study): Far[] {
  const [first] = own;
  const link = first?.cell.link;
  if (first === undefined || link === undefined || addsNothing(link)) return [];
  const logs = (of: (f: CellFloor) => number) => mean(own.map((f) => Math.log(of(f))));
  const ms = ofLog(logs((f) => f.measuredMs));
  const times = ms / ofLog(logs((f) => measuredMs(study, f.base) ?? NaN));
  const { limit } = mostBound(own);
  const narrow = (first.conditions.answerWindow?.bytes ?? Infinity) <= DEFAULT_H2_WINDOW_BYTES;
  return [{ cell: first.cell, link, ms, times, limit, base: first.base, narrow }];
}

const timesText = (times: number) => `${times < 9.95 ? times.toFixed(1) : Math.round(times)} times as long`;

/** The model of the title over each link, by the client kind that is fastest there; and up to where remote calls are faster than local ones. */
function farNotable(far: readonly Far[], inputs: ReportInputs, study: Study): Notable[] {
  const model = titleModel(modelFindings(inputs))?.model;
  const places = Map.groupBy(
    far.filter(({ cell }) => cell.model === model),
    ({ cell: c }) => JSON.stringify([c.clientMachine, c.server, c.link]),
  );
  const fastest = [...places.values()].map((own) => own.reduce((a, b) => (b.ms < a.ms ? b : a)));
  const shown = fastest.toSorted((a, b) => b.times - a.times).slice(0, MOST_WAYS);
  const [first] = shown;
  if (model === undefined || first === undefined || first.times < LEAST_TIMES) return [];
  const name = protocolNames(inputs.manifest.clients);
  const told = shown.map(
    ({ cell, link, ms, times, limit, base }) =>
      `${formatMs(ms)} ms to ${cell.server} over ${link.name} (${linkText(link)}; ${name(cell.client)}), ` +
      `${timesText(times)} as ${base.local ? `from ${base.clientMachine} itself` : "without it"}, bound by ${LIMIT_TITLES[limit]}`,
  );
  return [
    {
      short: `${model} over ${first.link.name} takes ${timesText(first.times)} (${LIMIT_TITLES[first.limit]})`,
      whole: `Over a distance: ${model} takes ${told.join("; ")}.`,
      cause: whereText(model, first.cell, study),
    },
  ];
}

/** Beyond which round trip at any bandwidth, and below which bandwidth at any round trip, local calls are faster than those to the best of the others. */
function whereText(model: string, { client, clientMachine }: Cell, study: Study): string {
  const question = whereToServe(study).find(
    (q) => q.model === model && q.client === client && q.clientMachine === clientMachine,
  );
  if (question === undefined) return "";
  const { server, mostRttMs, leastMbit } = question.remotes
    .map((remote) => ({ server: remote.server, ...boundaryOf(question.localMs, remote) }))
    .reduce((a, b) => ((b.mostRttMs ?? -1) > (a.mostRttMs ?? -1) ? b : a));
  if (mostRttMs === null || leastMbit === null) return "Local calls are faster, whatever the network.";
  const [rtt, mbit] = [mostRttMs, leastMbit].map((n) => Number(n.toPrecision(2)).toLocaleString("en-GB"));
  return `Local calls are faster beyond ${rtt} ms to ${server}, or below ${mbit} Mbit/s.`;
}

/** Client kinds whose own windows bind their calls, beside the fastest one whose window is wide: where that costs the most. */
function windowNotable(far: readonly Far[], { manifest }: ReportInputs): Notable[] {
  const alike = Map.groupBy(far, ({ cell: c }) =>
    JSON.stringify([c.clientMachine, c.server, c.link, c.model, c.protocol]),
  );
  const found = [...alike.values()].flatMap((own) => {
    const sorted = own.toSorted((a, b) => b.ms - a.ms);
    const bound = sorted.filter(({ limit, narrow }) => limit === "window" && narrow);
    const best = sorted.findLast(({ narrow }) => !narrow);
    const [slowest] = bound;
    if (slowest === undefined || best === undefined) return [];
    return [{ bound, slowest, best, times: slowest.ms / best.ms }];
  });
  const [worst] = found.sort((a, b) => b.times - a.times);
  if (worst === undefined || worst.times < LEAST_TIMES) return [];
  const name = protocolNames(manifest.clients);
  const { cell, link } = worst.slowest;
  const by = (k: Far) => `${formatMs(k.ms)} ms by ${name(k.cell.client)}`;
  return [
    {
      short: `${cell.model} over ${link.name} takes ${timesText(worst.times)} by ${name(cell.client)}`,
      whole: `Over ${link.name} (${linkText(link)}), ${cell.model} on ${cell.server} takes ${and(worst.bound.map(by))}, but ${by(worst.best)}.`,
      cause: "A narrow HTTP/2 window: the server waits for a round trip each time that it is full.",
    },
  ];
}
