import type { Writable } from "node:stream";

/** Up to so many bytes, copying them together takes less time than handing the kernel a list. */
const SMALL_BYTES = 4096;

/**
 * Writes pieces together, in one call to the kernel: small ones as one piece, large ones where they lie.
 *
 * @param taken is called once the kernel has taken the last
 */
export function writeGathered(stream: Writable, pieces: readonly Uint8Array[], taken?: () => void): void {
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (bytes <= SMALL_BYTES) return void stream.write(Buffer.concat(pieces, bytes), taken);
  stream.cork();
  pieces.forEach((piece, i) => stream.write(piece, i === pieces.length - 1 ? taken : undefined));
  stream.uncork();
}
