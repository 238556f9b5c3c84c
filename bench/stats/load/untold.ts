import { modeOf } from "../../loads/registry.ts";
import type { RunManifest } from "../../records/manifest.ts";
import type { CellData } from "../visits.ts";
import { isBehind } from "./figures.ts";
import { generatorFaults } from "./generator.ts";

/** Why the latencies of a cell are not reported: a word, and a text for a note. */
export interface Untold {
  /** `invalid`: the generator was not good. `behind`: the server did not keep the rate. `load`: percentiles of such a load mean nothing. */
  readonly kind: "invalid" | "behind" | "load";
  readonly why: string;
}

/** A run's data in parts. */
export interface Parted {
  /** All cells. Those whose latencies are not reported have only their failures here. */
  readonly data: ReadonlyMap<string, CellData>;
  /** All data of valid cells under load: for throughput, goodput and drift. */
  readonly loaded: ReadonlyMap<string, CellData>;
  readonly untold: ReadonlyMap<string, Untold>;
}

/**
 * Separates latencies that are reported from those that are not. The latter are not in `data` at all, so that no effect, comparison, table or
 * threshold can use them by mistake. Pure.
 */
export function partLoads(manifest: Pick<RunManifest, "cells">, gathered: ReadonlyMap<string, CellData>): Parted {
  const faults = generatorFaults(manifest, gathered);
  const [data, loaded] = [new Map(gathered), new Map<string, CellData>()];
  const untold = new Map<string, Untold>();
  for (const cell of manifest.cells) {
    const own = gathered.get(cell.id);
    const mode = modeOf(cell.load);
    if (own === undefined || mode.isPlain(cell.load)) continue;
    const fault = faults.get(cell.id);
    if (fault === undefined) loaded.set(cell.id, own);
    const why =
      fault !== undefined ? invalid(fault) : withoutPercentiles(mode.noPercentiles, isBehind({ cell, data: own }));
    if (why === undefined) continue;
    untold.set(cell.id, why);
    const { totalsMs: _, visits: __, ...failures } = own;
    data.set(cell.id, { ...failures, totalsMs: new Float64Array(), visits: [] });
  }
  return { data, loaded, untold };
}

const invalid = (faults: readonly string[]): Untold => ({ kind: "invalid", why: faults.join("; ") });

function withoutPercentiles(ofMode: string | undefined, behind: boolean): Untold | undefined {
  if (behind) return { kind: "behind", why: "the server fell behind: latencies show how long a visit was" };
  return ofMode === undefined ? undefined : { kind: "load", why: ofMode };
}
