/**
 * Hartigan's dip: how far the distribution of a sample is, at most, from the nearest distribution with one mode. 1/(2n) where
 * the sample itself has one, at most 1/4, for two points far apart (Hartigan and Hartigan, The dip test of unimodality, Annals of
 * Statistics 13, 1985). A distribution has one mode where it is convex before it and concave after it, so the search narrows an
 * interval that the mode lies in: outside of it the convex hull from below and the concave one from above are the best there is.
 *
 * @param x ascending
 */
export function dip(x: Float64Array): number {
  const n = x.length;
  const hulls = hullsOf(x);
  let [low, high, most] = [0, n - 1, 1];
  while (high > low) {
    const convex = chain(hulls.before, high, low).reverse();
    const concave = chain(hulls.after, low, high);
    const apart = widest(x, convex, concave);
    if (apart.distance <= most) break;
    most = Math.max(most, belowHull(x, convex, apart.low), aboveHull(x, concave, apart.high));
    if (apart.low === low && apart.high === high) break;
    [low, high] = [apart.low, apart.high];
  }
  return most / (2 * n);
}

const at = (values: ArrayLike<number>, i: number) => values[i] as number;

/** Of each point the vertex before it on the convex hull of all up to it, and the vertex after it on the concave one of all from it on. */
function hullsOf(x: Float64Array): { readonly before: Int32Array; readonly after: Int32Array } {
  const n = x.length;
  const before = new Int32Array(n);
  const after = new Int32Array(n).fill(n - 1);
  // Whether the slope from a to b is no less than that from b to c: then b lies on or above the line between them.
  const bends = (a: number, b: number, c: number) => (b - a) * (at(x, c) - at(x, b)) >= (c - b) * (at(x, b) - at(x, a));
  for (let j = 1; j < n; j++) {
    let v = j - 1;
    while (v > 0 && bends(at(before, v), v, j)) v = at(before, v);
    before[j] = v;
  }
  const rises = (a: number, b: number, c: number) => (b - a) * (at(x, c) - at(x, b)) <= (c - b) * (at(x, b) - at(x, a));
  for (let j = n - 2; j >= 0; j--) {
    let v = j + 1;
    while (v < n - 1 && rises(j, v, at(after, v))) v = at(after, v);
    after[j] = v;
  }
  return { before, after };
}

function chain(next: Int32Array, from: number, to: number): number[] {
  const vertices = [from];
  for (let v = from; v !== to; vertices.push(v)) v = at(next, v);
  return vertices;
}

/** Where the two hulls lie furthest apart, in steps of the sample, and the vertices around that place. */
function widest(x: Float64Array, convex: readonly number[], concave: readonly number[]) {
  let found = { distance: 0, low: at(convex, 0), high: at(concave, concave.length - 1) };
  let segment = 0;
  for (const v of concave) {
    while (segment < convex.length - 2 && at(convex, segment + 1) < v) segment += 1;
    const [a, b] = [at(convex, segment), at(convex, segment + 1)];
    if (v <= a || v >= b) continue;
    const distance = v + 1 - line(x, a, b, v);
    if (distance > found.distance) found = { distance, low: a, high: v };
  }
  segment = 0;
  for (const v of convex) {
    while (segment < concave.length - 2 && at(concave, segment + 1) < v) segment += 1;
    const [a, b] = [at(concave, segment), at(concave, segment + 1)];
    if (v <= a || v >= b) continue;
    const distance = line(x, a, b, v) + 1 - v;
    if (distance > found.distance) found = { distance, low: v, high: b };
  }
  return found;
}

/** The height at point i of the line through the points a and b of the sample. */
function line(x: Float64Array, a: number, b: number, i: number): number {
  const span = at(x, b) - at(x, a);
  return span === 0 ? b : a + ((b - a) * (at(x, i) - at(x, a))) / span;
}

/** How far the sample rises above its convex hull, up to a vertex. */
function belowHull(x: Float64Array, convex: readonly number[], end: number): number {
  let most = 1;
  for (let k = 1; k < convex.length && at(convex, k) <= end; k++) {
    const [a, b] = [at(convex, k - 1), at(convex, k)];
    for (let i = a + 1; i < b; i++) most = Math.max(most, i + 1 - line(x, a, b, i));
  }
  return most;
}

/** How far it falls below its concave hull, from a vertex on. */
function aboveHull(x: Float64Array, concave: readonly number[], start: number): number {
  let most = 1;
  for (let k = concave.length - 1; k > 0 && at(concave, k - 1) >= start; k--) {
    const [a, b] = [at(concave, k - 1), at(concave, k)];
    for (let i = a + 1; i < b; i++) most = Math.max(most, line(x, a, b, i) + 1 - i);
  }
  return most;
}
