import type { Axis } from "../matrix/axes.ts";
import type { Cell } from "../matrix/cell.ts";
import type { Sample } from "./effects/blocks.ts";
import { alikeNames, factorLevels } from "./levels.ts";
import { type CellData, type Visit, timedVisits } from "./visits.ts";

/** What of a run a sample is made from. */
interface Measured {
  readonly data: ReadonlyMap<string, CellData>;
  readonly axes: readonly Axis[];
}

/** The visits of a cell as the noise of measuring sees them, without those that have no time or no such value. */
export function samplesOf({ data, axes }: Measured, cell: Cell, value: (visit: Visit) => number): Sample[] {
  const [here, ...alike] = alikeNames(cell, axes);
  const within = [factorLevels(cell, axes)["placement"] ?? "", here] as const;
  const own = data.get(cell.id);
  const visits = own === undefined ? [] : timedVisits(own).map((v) => ({ round: v.round, value: value(v) }));
  return visits
    .filter((v) => Number.isFinite(v.value))
    .map((v) => ({ cell: cell.id, machine: cell.serverMachine, within, alike, ...v }));
}
