/** The inverse of a symmetric positive definite matrix (row-major, size x size), or undefined where it has none. */
export function invertSymmetric(matrix: Float64Array, size: number): Float64Array | undefined {
  const l = cholesky(matrix, size);
  if (l === undefined) return undefined;
  const inverse = new Float64Array(size * size);
  const column = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    column.fill(0);
    column[k] = 1;
    for (let i = 0; i < size; i++) {
      let sum = column[i] as number;
      for (let j = 0; j < i; j++) sum -= (l[i * size + j] as number) * (column[j] as number);
      column[i] = sum / (l[i * size + i] as number);
    }
    for (let i = size - 1; i >= 0; i--) {
      let sum = column[i] as number;
      for (let j = i + 1; j < size; j++) sum -= (l[j * size + i] as number) * (column[j] as number);
      column[i] = sum / (l[i * size + i] as number);
    }
    for (let i = 0; i < size; i++) inverse[i * size + k] = column[i] as number;
  }
  return inverse;
}

/**
 * The lower Cholesky factor. Undefined where a pivot falls below 1e-10 of its diagonal: a column is then a combination of
 * others to within rounding. Deviation-coded designs are well conditioned, so normal equations lose no digit that counts.
 */
function cholesky(matrix: Float64Array, size: number): Float64Array | undefined {
  const l = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j] as number;
      for (let k = 0; k < j; k++) sum -= (l[i * size + k] as number) * (l[j * size + k] as number);
      if (i === j) {
        if (!(sum > 1e-10 * (matrix[i * size + i] as number))) return undefined;
        l[i * size + i] = Math.sqrt(sum);
      } else l[i * size + j] = sum / (l[j * size + j] as number);
    }
  }
  return l;
}

/** Rows of a design side by side, with a weight each. */
export interface WeightedRows {
  readonly rows: readonly Float64Array[];
  readonly weights: Float64Array;
  readonly width: number;
}

/** `(X'WX)^-1`, or undefined where columns depend on each other. */
export function inverseInformation({ rows, weights, width }: WeightedRows): Float64Array | undefined {
  const information = new Float64Array(width * width);
  rows.forEach((row, r) => {
    const w = weights[r] as number;
    for (let i = 0; i < width; i++) {
      const wx = w * (row[i] as number);
      if (wx === 0) continue;
      for (let j = 0; j <= i; j++)
        information[i * width + j] = (information[i * width + j] as number) + wx * (row[j] as number);
    }
  });
  for (let i = 0; i < width; i++)
    for (let j = i + 1; j < width; j++) information[i * width + j] = information[j * width + i] as number;
  return invertSymmetric(information, width);
}

/** A square matrix (row-major) times a vector. */
export function multiply(matrix: Float64Array, vector: Float64Array): Float64Array {
  const size = vector.length;
  return Float64Array.from(vector, (_, i) => {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += (matrix[i * size + j] as number) * (vector[j] as number);
    return sum;
  });
}

/** The inner product of two vectors of one length. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
