import { Http2Error } from "./errors.ts";

/*
 * HPACK's Huffman code (RFC 7541, appendix B). It is canonical (codes of one length follow each other by symbol, shorter
 * codes come first), so the lengths alone define it: bits of the code for the bytes 0 to 255.
 */
// prettier-ignore
const LENGTHS = [
  13,23,28,28,28,28,28,28,28,24,30,28,28,30,28,28,28,28,28,28,28,28,30,28,28,28,28,28,28,28,28,28,
  6,10,10,12,13,6,8,11,10,10,8,11,8,6,6,6,5,5,5,6,6,6,6,6,6,6,7,8,15,6,12,10,
  13,6,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,8,7,8,13,19,13,14,6,
  15,5,6,5,6,5,6,6,6,5,7,7,6,6,6,5,6,7,6,5,5,6,7,7,7,7,7,15,11,14,13,28,
  20,22,20,20,22,22,22,23,22,23,23,23,23,23,24,23,24,24,22,23,24,23,23,23,23,21,22,23,22,23,23,24,
  22,21,20,22,22,23,23,21,23,22,22,24,21,22,23,23,21,21,22,21,23,22,23,23,20,22,22,22,23,22,22,23,
  26,26,20,19,22,23,22,25,26,26,26,27,27,26,24,25,19,21,26,27,27,26,27,24,21,21,26,26,28,27,27,27,
  20,24,20,21,22,21,21,23,22,22,25,25,24,24,26,23,26,27,26,26,27,27,27,27,27,28,27,27,27,27,27,26,
];

const LONGEST = 30;

/** For each length: the first code of that length, how many there are, and where their symbols begin in SYMBOLS. */
const FIRST_CODE = new Float64Array(LONGEST + 1);
const COUNT = new Uint16Array(LONGEST + 1);
const OFFSET = new Uint16Array(LONGEST + 1);
const SYMBOLS = LENGTHS.map((_, symbol) => symbol).sort(
  (a, b) => (LENGTHS[a] as number) - (LENGTHS[b] as number) || a - b,
);
for (const length of LENGTHS) COUNT[length] = (COUNT[length] as number) + 1;
for (let length = 1, code = 0, offset = 0; length <= LONGEST; length++) {
  code *= 2;
  FIRST_CODE[length] = code;
  OFFSET[length] = offset;
  code += COUNT[length] as number;
  offset += COUNT[length] as number;
}

/** Decodes Huffman-coded bytes. Throws Http2Error COMPRESSION_ERROR for a code or padding that cannot be. */
export function huffmanDecode(bytes: Uint8Array): Buffer {
  const out: number[] = [];
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      length++;
      const index = code - (FIRST_CODE[length] as number);
      if (index < (COUNT[length] as number)) {
        out.push(SYMBOLS[(OFFSET[length] as number) + index] as number);
        code = 0;
        length = 0;
      } else if (length === LONGEST) throw new Http2Error("COMPRESSION_ERROR", "a Huffman code that is none");
    }
  }
  // What is left pads the last byte: fewer than eight bits, all ones.
  if (length > 7 || code !== 2 ** length - 1)
    throw new Http2Error("COMPRESSION_ERROR", "wrong padding of Huffman code");
  return Buffer.from(out);
}
