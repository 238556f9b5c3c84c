/** Memory is asked for in pieces of this size, from which copies are cut one after the other. */
const PIECE_BYTES = 64 * 1024;
/** A copy keeps its whole piece alive, so a larger one gets memory of its own. */
const LARGEST_CUT = PIECE_BYTES / 4;
/** Elements of every type may lie where a copy begins. */
const ALIGNMENT = 8;

let piece = Buffer.alloc(0);
let used = 0;

/**
 * A copy that outlives the memory that the bytes lie in: an answer's body, a tensor's elements. An array buffer of kilobytes takes V8 2 to
 * 8 µs to get and give back, and an answer needs one for its body and one for each tensor; cut from a larger one, all of them take 5.
 */
export function keptCopy(bytes: Uint8Array): Buffer {
  const copy = bytes.length > LARGEST_CUT ? Buffer.allocUnsafeSlow(bytes.length) : cut(bytes.length);
  copy.set(bytes);
  return copy;
}

function cut(length: number): Buffer {
  if (used + length > piece.length) [piece, used] = [Buffer.allocUnsafeSlow(PIECE_BYTES), 0];
  const start = used;
  used += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  return piece.subarray(start, start + length);
}
