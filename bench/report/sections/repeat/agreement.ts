import type { Cell } from "../../../matrix/cell.ts";
import { type Apart, apartOf } from "../../../compare/apart.ts";
import { type Study, nullModels } from "../../../stats/study.ts";
import { verdicts } from "../../../verdicts/index.ts";
import type { Outcome } from "../../../verdicts/verdict.ts";
import { type EffectRow, effectsOf } from "../../../stats/run-effects.ts";

/** One of the ratios that a run is made for, in both runs. */
export interface RatioPair {
  readonly row: EffectRow;
  readonly first: number;
  readonly second: number;
}

/** How well two runs of one matrix agree: cell by cell, and in what they conclude. */
export interface RunsAgreement {
  /** Of the cells' medians: of all, and of those that are a model's; null where there are none. */
  readonly cells: Apart | null;
  readonly models: Apart | null;
  /** Effects of all factors but the image, averaged over all else and at each level of another factor. */
  readonly ratios: readonly RatioPair[];
  readonly ratiosApart: Apart | null;
  readonly verdicts: readonly { readonly text: string; readonly first: Outcome; readonly second: Outcome }[];
}

/** @param cells second run's median over the first's, of the cells that both measured */
export function runsAgreement(
  first: Study,
  second: Study,
  cells: readonly { readonly cell: Cell; readonly ratio: number }[],
): RunsAgreement {
  const nulls = new Set([...nullModels(first.manifest), ...nullModels(second.manifest)]);
  const key = (r: EffectRow) => JSON.stringify([r.factor, r.over, r.under, r.at]);
  const before = new Map(effectsOf(first)?.rows.map((r) => [key(r), r.ratio]));
  // Which image is slowest is chosen by the numbers themselves, so that ratio is none of these.
  const ratios = (effectsOf(second)?.rows ?? []).flatMap((row): RatioPair[] => {
    const ratio = before.get(key(row));
    return row.factor === "image" || ratio === undefined ? [] : [{ row, first: ratio, second: row.ratio }];
  });
  const old = new Map(verdicts(first).map((v) => [v.id, v.ours.outcome]));
  return {
    cells: apartOf(cells.map((c) => c.ratio)),
    models: apartOf(cells.filter((c) => !nulls.has(c.cell.model)).map((c) => c.ratio)),
    ratios,
    ratiosApart: apartOf(ratios.map((r) => r.second / r.first)),
    verdicts: verdicts(second).flatMap((v) => {
      const outcome = old.get(v.id);
      return outcome === undefined ? [] : [{ text: v.text, first: outcome, second: v.ours.outcome }];
    }),
  };
}
