import { Http2Error } from "./errors.ts";
import { huffmanDecode } from "./huffman.ts";

/** Headers or trailers of an answer, names in lower case. */
export type HeaderMap = Readonly<Record<string, unknown>>;

/** HPACK's static table (RFC 7541, appendix A); entry 1 is the first. */
const STATIC: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  ...["200", "204", "206", "304", "400", "404", "500"].map((status) => [":status", status] as const),
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ...(
    "accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control " +
    "content-disposition content-encoding content-language content-length content-location content-range content-type " +
    "cookie date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since " +
    "last-modified link location max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after " +
    "server set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate"
  )
    .split(" ")
    .map((name) => [name, ""] as const),
];

/** A longer block is decoded each time: those that come at every answer are short, and others must not fill the memory. */
const LONGEST_KEPT = 4096;

/** A peer may say so much in one block, each field counted as RFC 9113 does (6.5.2): its bytes, and what it takes besides. */
const LARGEST_LIST = 256 * 1024;
const FIELD_BYTES = 32;

/**
 * Decodes header blocks of a peer that was asked to keep no dynamic table (SETTINGS_HEADER_TABLE_SIZE 0). A block then means
 * the same whenever it comes, so each different one is decoded once.
 */
export class HeaderDecoder {
  readonly #known = new Map<string, HeaderMap>();

  /** Throws Http2Error COMPRESSION_ERROR where the block makes no sense. */
  decode(block: Buffer): HeaderMap {
    if (block.length > LONGEST_KEPT) return decodeBlock(block);
    const key = block.toString("latin1");
    let headers = this.#known.get(key);
    if (headers === undefined) {
      headers = decodeBlock(block);
      // Servers that put a time or an id into every answer must not fill the memory.
      if (this.#known.size >= 64) this.#known.clear();
      this.#known.set(key, headers);
    }
    return headers;
  }
}

/** One header block's fields; of fields of the same name the last. */
export function decodeBlock(block: Uint8Array): HeaderMap {
  const reader = new BlockReader(block);
  const headers: [string, string][] = [];
  let left = LARGEST_LIST;
  const add = (name: string, value: string) => {
    left -= name.length + value.length + FIELD_BYTES;
    if (left < 0) throw new Http2Error("ENHANCE_YOUR_CALM", `a header block of more than ${LARGEST_LIST} bytes`);
    headers.push([name, value]);
  };
  while (!reader.done) {
    const first = reader.peek();
    if ((first & 0x80) !== 0) add(...entry(reader.integer(7)));
    else if ((first & 0xe0) === 0x20) {
      // A change of the table's size; ours is 0.
      if (reader.integer(5) > 0) throw new Http2Error("COMPRESSION_ERROR", "a dynamic table that was not offered");
    } else {
      // With or without a wish to be kept in the table: a table of size 0 keeps nothing.
      const index = reader.integer((first & 0x40) !== 0 ? 6 : 4);
      const name = index === 0 ? reader.string() : entry(index)[0];
      add(name, reader.string());
    }
  }
  return Object.fromEntries(headers);
}

function entry(index: number): readonly [string, string] {
  const found = STATIC[index - 1];
  if (found === undefined) throw new Http2Error("COMPRESSION_ERROR", `no table entry ${index}`);
  return found;
}

class BlockReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  peek(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Http2Error("COMPRESSION_ERROR", "a header block that is cut short");
    return byte;
  }

  integer(prefixBits: number): number {
    const limit = 2 ** prefixBits - 1;
    let value = this.peek() & limit;
    this.#at++;
    if (value < limit) return value;
    for (let scale = 1; scale <= 2 ** 21; scale *= 128) {
      const byte = this.peek();
      this.#at++;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Http2Error("COMPRESSION_ERROR", "a number that is too long");
  }

  string(): string {
    const huffman = (this.peek() & 0x80) !== 0;
    const length = this.integer(7);
    if (length > this.#bytes.length - this.#at) throw new Http2Error("COMPRESSION_ERROR", "a string that is cut short");
    const bytes = this.#bytes.subarray(this.#at, (this.#at += length));
    return (huffman ? huffmanDecode(bytes) : Buffer.from(bytes)).toString("latin1");
  }
}

/** Encodes header fields as literals that no table keeps, static names by their number. */
export function encodeBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  const out: number[] = [];
  for (const [name, value] of fields) {
    const whole = STATIC.findIndex((e) => e[0] === name && e[1] === value && value !== "");
    if (whole >= 0) {
      pushInteger(out, 0x80, 7, whole + 1);
      continue;
    }
    const index = STATIC.findIndex((e) => e[0] === name) + 1;
    pushInteger(out, 0x00, 4, index);
    if (index === 0) pushString(out, name);
    pushString(out, value);
  }
  return Buffer.from(out);
}

/** A block's first byte that says: this side keeps no table either, whatever the peer allows. */
export const TABLE_SIZE_ZERO = 0x20;

function pushString(out: number[], text: string): void {
  const bytes = Buffer.from(text, "latin1");
  pushInteger(out, 0x00, 7, bytes.length);
  for (const byte of bytes) out.push(byte);
}

function pushInteger(out: number[], pattern: number, prefixBits: number, value: number): void {
  const limit = 2 ** prefixBits - 1;
  if (value < limit) {
    out.push(pattern | value);
    return;
  }
  out.push(pattern | limit);
  let rest = value - limit;
  for (; rest >= 128; rest >>>= 7) out.push((rest & 0x7f) | 0x80);
  out.push(rest);
}
