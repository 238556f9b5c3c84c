import { random } from "../stats/math/random.ts";

/** The order of a round's cells: shuffled by seed and round alone, so that drift does not land on one cell. */
export function roundOrder<T>(cells: readonly T[], seed: number, round: number): T[] {
  const stream = random((seed ^ Math.imul(round + 1, 0x9e3779b1)) | 0);
  const order = [...cells];
  for (let i = order.length - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}
