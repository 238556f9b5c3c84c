import type { Axis } from "../../matrix/axes.ts";
import type { Cell } from "../../matrix/cell.ts";
import type { Sample } from "../effects/blocks.ts";
import { alikeNames, factorLevels } from "../levels.ts";
import { once } from "../math/memo.ts";
import { type CellData, type Visit, timedVisits } from "../visits.ts";

/** What of a run a sample is made from. */
interface Measured {
  readonly data: ReadonlyMap<string, CellData>;
  readonly axes: readonly Axis[];
}

/** What a cell is alike with. */
interface Kin {
  /** The same whatever the image; wherever it runs, too; whoever calls, too. */
  readonly alike: ReturnType<typeof alikeNames>;
  readonly within: readonly [placement: string, group: string];
}

const kinOf = once((_: Measured) => new Map<string, Kin>());

/** The names of what a cell is alike with, made once for each. */
export function kin(study: Measured, cell: Cell): Kin {
  const known = kinOf(study).get(cell.id);
  if (known !== undefined) return known;
  const alike = alikeNames(cell, study.axes);
  const placement = factorLevels(cell, study.axes)["placement"] ?? "";
  const made: Kin = { alike, within: [`${cell.serverMachine}|${placement}`, alike[0]] };
  kinOf(study).set(cell.id, made);
  return made;
}

/** The visits of a cell as the noise of measuring sees them, without those that have no time or no such value. */
export function samplesOf(study: Measured, cell: Cell, value: (visit: Visit) => number): Sample[] {
  const { alike, within } = kin(study, cell);
  const [, ...wider] = alike;
  const own = study.data.get(cell.id);
  const visits = own === undefined ? [] : timedVisits(own).map((v) => ({ round: v.round, value: value(v) }));
  return visits
    .filter((v) => Number.isFinite(v.value))
    .map((v) => ({ cell: cell.id, machine: cell.serverMachine, within, alike: wider, ...v }));
}
