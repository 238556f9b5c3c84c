/** One of several tests, as Holm's procedure judged it. */
export interface HolmTest {
  /** The level at which it was judged: where the procedure stops, all that are left are judged at the level of that step. */
  readonly alpha: number;
  readonly rejected: boolean;
}

/**
 * Holm's step-down procedure: of true hypotheses none is rejected but with the chance `alpha`, however many there are (Holm, A
 * simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979).
 *
 * @param ps each test's p value
 * @returns in the same order
 */
export function holm(ps: readonly number[], alpha: number): HolmTest[] {
  const tests = new Array<HolmTest>(ps.length);
  let rejections = 0;
  let stopped = false;
  for (const i of [...ps.keys()].sort((a, b) => (ps[a] as number) - (ps[b] as number))) {
    const level = alpha / (ps.length - rejections);
    stopped ||= (ps[i] as number) > level;
    tests[i] = { alpha: level, rejected: !stopped };
    if (!stopped) rejections += 1;
  }
  return tests;
}
