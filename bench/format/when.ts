/** Items of a list that are there where a condition holds; else none. */
export function when<T>(holds: boolean, ...items: readonly T[]): readonly T[] {
  return holds ? items : [];
}
