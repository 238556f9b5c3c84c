/** One visit as the noise of measuring sees it. */
export interface Sample {
  readonly cell: string;
  readonly round: number;
  /** The machine whose good and bad times it shares with others: the one that serves it. */
  readonly machine: string;
  /** Names of what is as noisy as this, the narrowest first. */
  readonly alike: readonly string[];
  readonly value: number;
}

/** A visit less the mean of its cell, and its block: the number of its round. */
interface Deviation {
  readonly sample: Sample;
  readonly block: number;
  readonly deviation: number;
}

/** Normal equations of a level for each round, cells swept out: rounds x rounds, row-major. */
interface Normal {
  readonly information: Float64Array;
  readonly score: Float64Array;
}

/** Those of one machine, with the cells that they are from. */
export interface BlockSums extends Normal {
  readonly cells: readonly { readonly visits: readonly Deviation[] }[];
}

/**
 * The cells that were visited twice and more, by machine, as normal equations: they are as small as the number of rounds,
 * however many visits there are.
 */
export function blockSums(samples: readonly Sample[]): {
  readonly machines: readonly BlockSums[];
  readonly samples: readonly Sample[];
  readonly cells: number;
  /** Sum of squares around the cells' means. */
  readonly squares: number;
} {
  const rounds = new Map([...new Set(samples.map((s) => s.round))].map((round, i) => [round, i]));
  const repeated = [...Map.groupBy(samples, (s) => s.cell).values()].filter((visits) => visits.length > 1);
  let squares = 0;
  const cells = repeated.map((visits) => {
    const centre = visits.reduce((sum, v) => sum + v.value, 0) / visits.length;
    const own = visits.map((sample) => {
      const deviation = sample.value - centre;
      squares += deviation ** 2;
      return { sample, block: rounds.get(sample.round) as number, deviation };
    });
    return { visits: own, machine: visits[0]?.machine };
  });
  const machines = [...Map.groupBy(cells, (c) => c.machine).values()].map((own): BlockSums => {
    const size = rounds.size;
    const information = new Float64Array(size * size);
    const score = new Float64Array(size);
    for (const { visits } of own)
      for (const a of visits) {
        score[a.block] = (score[a.block] as number) + a.deviation;
        for (const b of visits) {
          const at = a.block * size + b.block;
          information[at] = (information[at] as number) + (a === b ? 1 : 0) - 1 / visits.length;
        }
      }
    return { cells: own, information, score };
  });
  return { machines, samples: repeated.flat(), cells: cells.length, squares };
}

/** The normal equations of one level a round for all machines together. */
export function total(machines: readonly Normal[]): Normal | undefined {
  const [first, ...others] = machines;
  if (first === undefined) return undefined;
  const sum = { information: Float64Array.from(first.information), score: Float64Array.from(first.score) };
  for (const { information, score } of others) {
    information.forEach((v, i) => (sum.information[i] = (sum.information[i] as number) + v));
    score.forEach((v, i) => (sum.score[i] = (sum.score[i] as number) + v));
  }
  return sum;
}

/** A generalised inverse of a symmetric matrix without negative eigenvalues, and the matrix's rank. */
export interface Inverse {
  readonly matrix: Float64Array;
  readonly rank: number;
}

/** Sweeps rows one after the other, leaving out those that others already make up (Goodnight 1979). */
export function pseudoInverse(matrix: Float64Array): Inverse {
  const size = Math.sqrt(matrix.length);
  const a = Float64Array.from(matrix);
  const swept = new Uint8Array(size);
  let rank = 0;
  for (let k = 0; k < size; k++) {
    const pivot = a[k * size + k] as number;
    if (!(pivot > 1e-9 * (matrix[k * size + k] as number)) || pivot < 1e-12) continue;
    swept[k] = 1;
    rank += 1;
    for (let j = 0; j < size; j++) a[k * size + j] = (a[k * size + j] as number) / pivot;
    for (let i = 0; i < size; i++) {
      if (i === k) continue;
      const b = a[i * size + k] as number;
      if (b === 0) continue;
      for (let j = 0; j < size; j++) a[i * size + j] = (a[i * size + j] as number) - b * (a[k * size + j] as number);
      a[i * size + k] = -b / pivot;
    }
    a[k * size + k] = 1 / pivot;
  }
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) if (swept[i] === 0 || swept[j] === 0) a[i * size + j] = 0;
  return { matrix: a, rank };
}

/** The level of each round, and the sum of squares that they explain. */
export function solveBlocks(
  { matrix }: Inverse,
  score: Float64Array,
): { readonly levels: Float64Array; readonly explained: number } {
  const size = score.length;
  const levels = Float64Array.from(score, (_, i) => {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += (matrix[i * size + j] as number) * (score[j] as number);
    return sum;
  });
  return { levels, explained: levels.reduce((sum, level, i) => sum + level * (score[i] as number), 0) };
}
