/** Labels numbered in the order in which they come. */
export interface Groups {
  /** The group of each member. */
  readonly of: Int32Array;
  readonly count: number;
}

/** Groups members by their labels. */
export function groupsOf(labels: readonly string[]): Groups {
  const numbers = new Map<string, number>();
  for (const label of labels) if (!numbers.has(label)) numbers.set(label, numbers.size);
  return { of: Int32Array.from(labels, (l) => numbers.get(l) as number), count: numbers.size };
}

/** Takes the weighted mean of each group away from its members: a level for each group, without a column for it. */
export function demean(values: Float64Array, groups: Groups, weights: Float64Array): void {
  const sums = new Float64Array(groups.count);
  const totals = new Float64Array(groups.count);
  groups.of.forEach((g, i) => {
    sums[g] = (sums[g] as number) + (weights[i] as number) * (values[i] as number);
    totals[g] = (totals[g] as number) + (weights[i] as number);
  });
  groups.of.forEach((g, i) => (values[i] = (values[i] as number) - (sums[g] as number) / (totals[g] as number)));
}
