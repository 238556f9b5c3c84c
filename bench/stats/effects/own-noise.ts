import type { Sample } from "./blocks.ts";
import { type Component, KNOWN_DF, type Noise } from "./components.ts";
import type { Step } from "./layers.ts";
import { lastingVariance } from "./persistence.ts";

/** What is left of one cell's visits. */
export interface CellResiduals {
  readonly cell: string;
  readonly alike: readonly string[];
  readonly squares: number;
  readonly visits: number;
  readonly byStretch: ReadonlyMap<number, number>;
}

/**
 * What is left of the visits of cells that were visited twice and more beside their cell and what rounds have in common.
 *
 * @param sums the cells by block
 * @param levels the levels of rounds by those blocks, or of all; undefined: none is taken away
 */
export function residualsOf({ sums, blocks }: Step, levels: Step | undefined): CellResiduals[] {
  return blocks.flatMap((block) =>
    block.cells.map((visits): CellResiduals => {
      const own = levels === undefined ? undefined : levels.sums === sums ? block.levels : levels.blocks[0]?.levels;
      const left = visits.map((v) => v.deviation - (own?.[v.block] ?? 0));
      const centre = left.reduce((a, b) => a + b, 0) / left.length;
      const residuals = left.map((r) => r - centre);
      const first = visits[0]?.sample as Sample;
      return {
        ...{ cell: first.cell, alike: first.alike, visits: visits.length },
        squares: residuals.reduce((sum, r) => sum + r ** 2, 0),
        byStretch: new Map(visits.map((v, i) => [v.block, residuals[i] as number])),
      };
    }),
  );
}

/** Degrees of freedom by a cell's or group's share of the visits: what rounds have in common has taken some of them. */
const shareOf = (residuals: readonly CellResiduals[], df: number) =>
  df / residuals.reduce((sum, r) => sum + r.visits - 1, 0);

/** The noise of one cell's visits, as they show it themselves. */
export function byCell(residuals: readonly CellResiduals[], df: number, persistence: number): Noise["ofCell"] {
  const share = shareOf(residuals, df);
  const cells = new Map(residuals.map((r) => [r.cell, r]));
  return (id) => {
    const cell = cells.get(id);
    if (cell === undefined) return undefined;
    const free = (cell.visits - 1) * share;
    const { factor, df: kept } = lastingVariance(cell.visits, persistence);
    return { variance: (cell.squares / free) * factor, df: free * kept };
  };
}

/** Noise by group: a group of which too little is known goes by the noisiest, or by what it shows where that is more. */
export function byGroup(
  residuals: readonly CellResiduals[],
  own: Component,
  lasting: (c: Component) => Component,
): Noise["of"] {
  const groups = new Map<string, { squares: number; free: number }>();
  for (const { alike, squares, visits } of residuals)
    for (const name of new Set(alike)) {
      const group = groups.get(name) ?? { squares: 0, free: 0 };
      groups.set(name, { squares: group.squares + squares, free: group.free + visits - 1 });
    }
  const share = shareOf(residuals, own.df);
  const known = new Map<string, Component>();
  const guessed = new Map<string, Component>();
  for (const [name, group] of groups) {
    const df = group.free * share;
    if (df >= 1) (df >= KNOWN_DF ? known : guessed).set(name, { variance: group.squares / df, df });
  }
  const broad = new Set(residuals.flatMap((r) => r.alike.at(-1) ?? []));
  const noisiest = [...broad].flatMap((name) => known.get(name) ?? []).reduce(larger, own);
  const named = new Map([...known].map(([name, c]) => [name, { ...lasting(c), name }]));
  const unnamed = { ...lasting(noisiest), name: "" };
  return (alike) => {
    const name = alike.find((a) => named.has(a));
    if (name !== undefined) return named.get(name) ?? unnamed;
    const broadest = alike.at(-1) ?? "";
    const guess = guessed.get(broadest);
    return guess === undefined ? unnamed : { ...lasting(larger(noisiest, guess)), name: broadest };
  };
}

const larger = (a: Component, b: Component) => (b.variance > a.variance ? b : a);
