import type { Writable } from "node:stream";

/** Up to so many bytes, copying them together takes less time than handing the kernel a list. */
const SMALL_BYTES = 4096;

/**
 * Writes pieces together, in one call to the kernel: small ones that follow each other as one piece, large ones where they lie.
 *
 * @param taken is called once the kernel has taken the last
 */
export function writeGathered(stream: Writable, pieces: readonly Uint8Array[], taken?: () => void): void {
  const parts = joined(pieces);
  if (parts.length === 1) return void stream.write(parts[0], taken);
  stream.cork();
  parts.forEach((part, i) => stream.write(part, i === parts.length - 1 ? taken : undefined));
  stream.uncork();
}

/** The same bytes in fewer pieces. */
function joined(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  let [first, bytes] = [0, 0];
  const join = (end: number) => {
    if (end - first === 1) parts.push(pieces[first] as Uint8Array);
    else if (end > first) parts.push(Buffer.concat(pieces.slice(first, end), bytes));
    [first, bytes] = [end, 0];
  };
  pieces.forEach(({ length }, i) => {
    if (bytes + length > SMALL_BYTES) join(i);
    bytes += length;
  });
  join(pieces.length);
  return parts;
}
