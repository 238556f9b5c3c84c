import { and, count } from "../../../lib/words.ts";
import { formatMs } from "../../format/numbers.ts";
import { type CellGroup, groupsBut } from "../../stats/levels.ts";
import { holm } from "../../stats/math/holm.ts";
import { once } from "../../stats/math/memo.ts";
import { type Modes, cellsWithModes, findModes } from "../../stats/modes.ts";
import { nullModels } from "../../stats/study.ts";
import type { ReportInputs } from "../section.ts";
import { causeOfSpeeds } from "./causes.ts";
import { placeText, protocolNames } from "./names.ts";
import { scaledVisits } from "./scaled.ts";

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
  const all = [
    ...found.map(({ group, visits, modes }) => speedsText(group, visits, modes, inputs)),
    ...single.map(({ cell, modes, p }) => speedsText([cell], scaledVisits([cell], study), { modes, p }, inputs)),
  ];
  return all.toSorted((a, b) => Number(nulls.has(a.model)) - Number(nulls.has(b.model)));
});

function speedsText(
  group: CellGroup,
  visits: readonly (readonly number[])[],
  found: Modes,
  inputs: ReportInputs,
): Speeds {
  const [cell] = group;
  const { modes } = found;
  const place = `${placeText(cell, inputs)}, ${protocolNames(inputs.manifest.clients)(cell.client)}, ${cell.model}`;
  const speeds = and(modes.map((m) => `${formatMs(m.ms)} ms (${Math.round(100 * m.share)} %)`));
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
    cause: causeOfSpeeds(group, inputs),
  };
}

/** The finding on speeds in a sentence or two for each cause: the machines, and the speeds of the clearest place. */
export function notableOf(inputs: ReportInputs): string[] {
  return [...Map.groupBy(speedsOf(inputs), (s) => s.cause)].flatMap(([cause, own]) => {
    const [clearest] = own.toSorted((a, b) => a.p - b.p);
    if (clearest === undefined) return [];
    const more = own.length > 1 ? `; the same at ${count(own.length - 1, "other place")}` : "";
    return [`${clearest.title}: ${clearest.text}${more}. ${cause}`];
  });
}
