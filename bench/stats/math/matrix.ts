/** A generalised inverse of a symmetric matrix without negative eigenvalues (row-major), and the matrix's rank. */
export interface Inverse {
  readonly matrix: Float64Array;
  readonly rank: number;
}

/** Sweeps rows one after the other, leaving out those that others already make up to within rounding (Goodnight 1979). */
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
    const row = rowOf(a, k, size);
    row.forEach((v, j) => (row[j] = v / pivot));
    for (let i = 0; i < size; i++) {
      const b = a[i * size + k] as number;
      if (i === k || b === 0) continue;
      const other = rowOf(a, i, size);
      row.forEach((v, j) => (other[j] = (other[j] as number) - b * v));
      other[k] = -b / pivot;
    }
    row[k] = 1 / pivot;
  }
  a.forEach((_, at) => {
    if (swept[Math.floor(at / size)] === 0 || swept[at % size] === 0) a[at] = 0;
  });
  return { matrix: a, rank };
}

/** The inverse of a symmetric positive definite matrix (row-major), or undefined if it has none. */
export function invertSymmetric(matrix: Float64Array): Float64Array | undefined {
  const { matrix: inverse, rank } = pseudoInverse(matrix);
  return rank ** 2 === matrix.length ? inverse : undefined;
}

/** One row of a square matrix (row-major): a view. */
export function rowOf(matrix: Float64Array, row: number, size: number): Float64Array {
  return matrix.subarray(row * size, (row + 1) * size);
}

/** A square matrix (row-major) times a vector. */
export function multiply(matrix: Float64Array, vector: Float64Array): Float64Array {
  return vector.map((_, i) => dot(rowOf(matrix, i, vector.length), vector));
}

/** The inner product of two vectors of one length. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
