/** The lower triangle L with L Lᵀ = A of a symmetric positive definite matrix (row-major). NaN where it is none. */
export function cholesky(matrix: Float64Array, size: number): Float64Array {
  const l = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j] as number;
      for (let k = 0; k < j; k++) sum -= (l[i * size + k] as number) * (l[j * size + k] as number);
      l[i * size + j] = i === j ? Math.sqrt(sum) : sum / (l[j * size + j] as number);
    }
  return l;
}

/** The x with L x = b. */
export function forward(l: Float64Array, b: ArrayLike<number>): Float64Array {
  const size = b.length;
  const x = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = b[i] as number;
    for (let k = 0; k < i; k++) sum -= (l[i * size + k] as number) * (x[k] as number);
    x[i] = sum / (l[i * size + i] as number);
  }
  return x;
}

/** Twice the logarithms of the diagonal: the logarithm of the determinant of L Lᵀ. */
export function logDeterminant(l: Float64Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += 2 * Math.log(l[i * size + i] as number);
  return sum;
}
