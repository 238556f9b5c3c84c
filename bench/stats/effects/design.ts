/** What varies between cells: factors by name, each cell at one level of each. */
export type Levels = Readonly<Record<string, string>>;

/** A linear model's terms: factors, and pairs of them that may interact. */
export interface ModelSpec {
  readonly factors: readonly string[];
  readonly interactions: readonly (readonly [string, string])[];
}

interface Column {
  readonly factors: readonly string[];
  value(levels: Levels): number;
}

/**
 * The columns of a model in deviation coding: each factor's levels sum to zero, so a main effect is the average over the
 * levels of what it interacts with, each level weighing the same. There is no column for the constant.
 */
export interface Design {
  readonly spec: ModelSpec;
  /** Levels of each factor, in the order in which they were first seen. */
  readonly levels: Readonly<Record<string, readonly string[]>>;
  readonly width: number;
  row(levels: Levels): Float64Array;
  /**
   * The row that predicts the mean at some levels, averaged over all the others: differences of two such rows are the
   * contrasts that effects are read from.
   */
  marginalRow(fixed: Levels): Float64Array;
}

/** Makes the columns for the levels that cells have. A factor with one level is left out; it has no effect to see. */
export function makeDesign(cells: readonly Levels[], spec: ModelSpec): Design {
  const levels = Object.fromEntries(
    spec.factors.map((f) => [f, [...new Set(cells.map((c) => c[f] ?? ""))]] as const),
  ) as Record<string, string[]>;
  const varies = (f: string) => (levels[f]?.length ?? 0) > 1;
  const coded = (f: string): ((l: Levels) => number)[] => {
    const all = levels[f] ?? [];
    const last = all.at(-1);
    return all.slice(0, -1).map((level) => (l) => (l[f] === level ? 1 : l[f] === last ? -1 : 0));
  };
  const columns: Column[] = spec.factors
    .filter(varies)
    .flatMap((f) => coded(f).map((value) => ({ factors: [f], value })));
  for (const [a, b] of spec.interactions.filter(([a, b]) => varies(a) && varies(b)))
    for (const va of coded(a))
      for (const vb of coded(b)) columns.push({ factors: [a, b], value: (l) => va(l) * vb(l) });
  return {
    spec: {
      factors: spec.factors.filter(varies),
      interactions: spec.interactions.filter(([a, b]) => varies(a) && varies(b)),
    },
    levels,
    width: columns.length,
    row: (l) => Float64Array.from(columns, (c) => c.value(l)),
    // Deviation columns average to zero over the levels of a factor that is not fixed.
    marginalRow: (fixed) =>
      Float64Array.from(columns, (c) => (c.factors.every((f) => f in fixed) ? c.value(fixed) : 0)),
  };
}

/** Whether every combination of two factors' levels has a cell: only then can their interaction be separated from their own effects. */
export function crossed(cells: readonly Levels[], a: string, b: string): boolean {
  const distinct = (key: (c: Levels) => string) => new Set(cells.map(key)).size;
  return distinct((c) => `${c[a]}\0${c[b]}`) === distinct((c) => c[a] ?? "") * distinct((c) => c[b] ?? "");
}
