import { formatTable } from "../../lib/table.ts";
import { noiseAt } from "../stats/cells/cell-intervals.ts";
import type { Sample } from "../stats/effects/blocks.ts";
import type { Noise } from "../stats/effects/components.ts";
import { noiseOf } from "../stats/effects/noise.ts";
import { varianceOf } from "../stats/effects/propagation.ts";
import { groupsBut } from "../stats/levels.ts";
import { normalQuantile, studentQuantile } from "../stats/math/special.ts";
import { samplesOf } from "../stats/cells/samples.ts";
import { type Study, nullModels } from "../stats/study.ts";
import { logOfMs } from "../stats/visits.ts";
import { ALPHA, DEFAULT_THRESHOLD } from "./compare.ts";

/** Changes that the table has columns for. */
const CHANGES = [1.1, 1.2, 1.5, 2];
/** Numbers of rounds that are tried. */
const ROUNDS = [2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100];
/** How often a change is to be found that is there. */
const POWER = 0.8;

/** How many rounds each of two runs takes so that `lathe compare` tells a change in four of five comparisons. */
export interface PowerRow {
  readonly what: string;
  /** By change; null: more than are tried. */
  readonly rounds: readonly { readonly change: number; readonly rounds: number | null }[];
}

/**
 * How many rounds a change takes to be told, by the noise of a run: of the whole, of a group of cells that differ in their image, and
 * of one cell, by model. Degrees of freedom grow with the rounds as those of that run did.
 *
 * @returns empty if the run shows no noise: every cell was visited once
 */
export function powerOf(study: Study): PowerRow[] {
  const nulls = nullModels(study.manifest);
  const cells = study.manifest.cells.filter(
    (c) => !nulls.has(c.model) && (study.data.get(c.id)?.visits.length ?? 0) > 0,
  );
  const samples = cells.flatMap((c) => samplesOf(study, c, (v) => logOfMs(v.medianMs)));
  const rounds = new Set(samples.map((s) => s.round)).size;
  const groups = groupsBut(cells, study.axes, ["image"]);
  const kinds = [...new Map(samples.map((s) => [s.cell, s])).values()];
  const together = ({ within: _, ...s }: Sample): Sample => ({ ...s, machine: "" });
  const rowFor = (what: string, of: readonly Sample[], noise: Noise | undefined, level: number): PowerRow[] => {
    if (noise?.own === undefined) return [];
    const least = (change: number) =>
      ROUNDS.find(
        (n) => Math.log(change / (1 + DEFAULT_THRESHOLD)) >= reach(of, noise, { rounds: n, known: rounds, level }),
      );
    const row = CHANGES.map((change) => ({ change, rounds: least(change) ?? null }));
    return [{ what, rounds: row }];
  };
  const pooled = noiseOf(samples.map(together), { swept: false });
  return [
    ...rowFor("the whole", kinds.map(together), pooled, 0.05),
    ...[...new Set(cells.map((c) => c.model))].flatMap((model) => {
      const group = groups.find(([first]) => first.model === model) ?? [];
      const own = kinds.filter((s) => group.some((c) => c.id === s.cell));
      const noise = group[0] === undefined ? undefined : noiseAt(study, group[0]);
      return [
        ...rowFor(`a group of ${model}`, own, noise, ALPHA / (2 * groups.length)),
        ...rowFor(`one cell of ${model}`, own.slice(0, 1), noise, ALPHA / cells.length),
      ];
    }),
  ];
}

/** How far from the threshold a log ratio of two runs must lie to be told with `POWER`. */
function reach(
  cells: readonly Sample[],
  noise: Noise,
  { rounds, known, level }: { readonly rounds: number; readonly known: number; readonly level: number },
): number {
  const visits = cells.flatMap((s) => Array.from({ length: rounds }, (_, round) => ({ ...s, round })));
  const even = new Float64Array(visits.length).fill(1 / visits.length);
  const plain = { ...noise, stretchOf: (round: number) => round };
  const { variance, df } = varianceOf(visits, even, plain);
  const freedom = Math.max(1, 2 * df * ((rounds - 1) / Math.max(1, known - 1)));
  return (studentQuantile(1 - level / 2, freedom) + normalQuantile(POWER)) * Math.sqrt(2 * variance);
}

/** The table for people. */
export function powerText(rows: readonly PowerRow[]): string {
  const columns = [
    { title: "what is slower" },
    ...CHANGES.map((change) => ({ title: `x ${change}`, align: "right" as const })),
  ];
  const most = ROUNDS.at(-1) ?? 0;
  const table = formatTable(
    columns,
    rows.map((r) => [r.what, ...r.rounds.map(({ rounds }) => (rounds === null ? `> ${most}` : String(rounds)))]),
  );
  return (
    "How many rounds each of two runs takes so that `lathe compare` finds a change in four of five comparisons (5 % threshold, noise as in " +
    `that run, without what a restart changes):\n${table}`
  );
}
