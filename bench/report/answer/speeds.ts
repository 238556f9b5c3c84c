import { and, count } from "../../../lib/words.ts";
import { formatMs } from "../../format/numbers.ts";
import { type CellGroup, groupsBut } from "../../stats/levels.ts";
import { holm } from "../../stats/math/holm.ts";
import { once } from "../../stats/math/memo.ts";
import { type Modes, cellsWithModes, findModes } from "../../stats/modes.ts";
import { nullModels } from "../../stats/study.ts";
import type { ReportInputs } from "../section.ts";
import { causesOf } from "./causes.ts";
import { placeText, protocolNames } from "./names.ts";
import { scaledVisits } from "./scaled.ts";
import type { Notable } from "./types.ts";

/** A place, protocol and model whose calls have several speeds, or a single cell of it. */
export interface Speeds extends Modes {
  readonly model: string;
  readonly client: string;
  /** `edge → edge, gRPC, ssd-mobilenet`; of a single cell with its image. */
  readonly title: string;
  /** Latencies by visit, milliseconds. Of several cells each is scaled to the mean of all, so that what images do does not count. */
  readonly visits: readonly (readonly number[])[];
  /** What was found, as a clause without the title, and the likely cause, as sentences. */
  readonly text: string;
  readonly cause: string;
  /** The speeds alone: `2 speeds, 60.0 and 89.4 ms`. */
  readonly short: string;
}

/** How groups of cells are tested, beside `MODES_RULE`. */
export const SPEEDS_RULE =
  "Cells that differ only in their image are also tested together, with each cell's calls divided by their geometric mean. Over all such groups (Holm), again 5 % of " +
  "runs without several speeds name one";

const ALPHA = 0.05;
/** A cell of fewer calls has no mean to divide by. */
const LEAST_CALLS = 5;
/** Share of visits with one speed from which on speeds are said to change from visit to visit. */
const MOSTLY = 0.8;

/** What has several speeds: groups first, then single cells of other groups; models that compute before the null model. */
export const speedsOf = once((inputs: ReportInputs): readonly Speeds[] => {
  const { study, axes, manifest } = inputs;
  if (study === undefined) return [];
  const groups = groupsBut(inputs.cells, axes, ["image"]).map((group) => ({
    group,
    visits: scaledVisits(group, study, LEAST_CALLS),
  }));
  const tested = groups.flatMap(({ group, visits }) => {
    const modes = findModes(visits);
    return modes === undefined ? [] : [{ group, visits, modes }];
  });
  const judged = holm(
    tested.map((t) => t.modes.p),
    ALPHA,
  );
  const found = tested.filter(({ modes }, i) => judged[i]?.rejected === true && modes.modes.length > 1);
  const known = new Set(found.flatMap(({ group }) => group.map((c) => c.id)));
  const single = cellsWithModes(study).filter(({ cell }) => !known.has(cell.id));
  const nulls = nullModels(manifest);
  const several = [
    ...found,
    ...single.map(({ cell, modes, p }) => ({
      group: [cell] as CellGroup,
      visits: scaledVisits([cell], study),
      modes: { modes, p },
    })),
  ];
  const causes = causesOf(several, inputs);
  const all = several.map(({ group, visits, modes }) => ({
    ...speedsText(group, visits, modes, inputs),
    cause: causes.get(group) ?? "",
  }));
  return all.toSorted((a, b) => Number(nulls.has(a.model)) - Number(nulls.has(b.model)));
});

function speedsText(
  group: CellGroup,
  visits: readonly (readonly number[])[],
  found: Modes,
  inputs: ReportInputs,
): Omit<Speeds, "cause"> {
  const [cell] = group;
  const { modes } = found;
  const place = `${placeText(cell, inputs)}, ${protocolNames(inputs.manifest.clients)(cell.client)}, ${cell.model}`;
  const shares = wholePercents(modes.map((m) => m.share));
  const speeds = and(modes.map((m, i) => `${formatMs(m.ms)} ms (${shares[i] ?? 0} %)`));
  const nearest = (ms: number) =>
    modes.reduce((a, b) => (Math.abs(Math.log(b.ms / ms)) < Math.abs(Math.log(a.ms / ms)) ? b : a));
  const several = visits.filter((calls) => calls.length > 1);
  const pure = several.filter((calls) => new Set(calls.map(nearest)).size === 1).length;
  const changes = pure >= MOSTLY * several.length ? "each visit has one of them" : "one visit has calls of both";
  return {
    ...found,
    ...{ model: cell.model, client: cell.client, visits },
    title: group.length > 1 || inputs.manifest.images.length === 1 ? place : `${place}, ${cell.image}`,
    text: `calls have ${count(modes.length, "speed")}, ${speeds}; ${changes}`,
    short: `${count(modes.length, "speed")}, ${and(modes.map((m) => formatMs(m.ms)))} ms`,
  };
}

/** Shares in whole per cent that come to 100: the last one is what the others leave. */
function wholePercents(shares: readonly number[]): number[] {
  const rounded = shares.slice(0, -1).map((share) => Math.round(100 * share));
  return [...rounded, 100 - rounded.reduce((sum, share) => sum + share, 0)];
}

/** The finding on speeds for each cause: those of the first place, since groups of cells stand before single ones, and how many others there are. */
export function notableOf(inputs: ReportInputs): Notable[] {
  return [...Map.groupBy(speedsOf(inputs), (s) => s.cause)].flatMap(([cause, own]) => {
    const [first] = own;
    if (first === undefined) return [];
    const more = own.length > 1 ? `; the same at ${count(own.length - 1, "other place")}` : "";
    return [{ short: `${first.title}: ${first.short}`, whole: `${first.title}: ${first.text}${more}.`, cause }];
  });
}
