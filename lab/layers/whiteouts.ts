/*
 * A layer's tar as images have it. On disk a layer is the upper folder of an overlay: a file that it takes away is a character
 * device 0/0, and a folder that hides what was there has a mark (an extended attribute). In an image both are empty files with
 * names that begin with `.wh.` (OCI image specification, "Layer Filesystem Changeset").
 */

const BLOCK = 512;
/** A longer extended header is none of a file system's. */
const MOST_HEADER = 1 << 20;
const OPAQUE = "SCHILY.xattr.trusted.overlay.opaque";

/** Offsets and lengths of the header's fields that are read or written here (POSIX ustar). */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const;

/**
 * Rewrites overlayfs's whiteouts in a tar to those of images, and leaves everything else as it is.
 *
 * @throws Error where it is no tar in POSIX format
 */
export async function* whitedOut(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const bytes = new Bytes(tar);
  let extended: Map<string, Buffer> | undefined;
  for (let header = await bytes.take(BLOCK); header !== undefined; header = await bytes.take(BLOCK)) {
    const type = String.fromCharCode(header[156] ?? 0);
    const size = sizeOf(header);
    const padded = Math.ceil(size / BLOCK) * BLOCK;
    if (type === "x") {
      if (size > MOST_HEADER) throw new Error(`an extended header of ${size} bytes in a tar`);
      const body = await bytes.take(padded);
      if (body === undefined) throw new Error("a tar ends within an extended header");
      extended = records(body.subarray(0, size));
      if (extended.has(OPAQUE)) continue;
      // Nothing in it is touched, unless it is of a whiteout's name, which is written anew.
      extended.set("", Buffer.concat([header, body]));
      continue;
    }
    const whole = extended?.get("");
    extended?.delete("");
    const path = extended?.get("path")?.toString() ?? pathOf(header);
    if (type === "3" && number(header, "major") === 0 && number(header, "minor") === 0) {
      yield* emptyFile(beside(path), number(header, "mtime"));
    } else {
      const opaque = extended?.delete(OPAQUE) === true;
      if (whole !== undefined) yield whole;
      else if (extended !== undefined && extended.size > 0) yield* extendedHeader(extended);
      yield header;
      yield* bytes.pass(padded);
      if (opaque) yield* emptyFile(`${path.replace(/\/*$/, "")}/.wh..wh..opq`, number(header, "mtime"));
    }
    extended = undefined;
  }
}

/** Where a whiteout of this path stands: in the same folder, with another name. */
function beside(path: string): string {
  const cut = path.lastIndexOf("/") + 1;
  return `${path.slice(0, cut)}.wh.${path.slice(cut)}`;
}

/** An entry of root's without content. */
function* emptyFile(path: string, mtime: number): Generator<Buffer> {
  if (Buffer.byteLength(path) > FIELD.name[1]) yield* extendedHeader(new Map([["path", Buffer.from(path)]]));
  yield headerBlock(path, "0", 0, mtime);
}

/** An extended header: what does not fit into the entry's own, or has no place there. */
function* extendedHeader(all: ReadonlyMap<string, Buffer>): Generator<Buffer> {
  const body = Buffer.concat([...all].map(([key, value]) => record(key, value)));
  yield headerBlock("PaxHeaders/lathe", "x", body.length, 0);
  yield body;
  yield Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
function record(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from("\n")]);
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function records(body: Buffer): Map<string, Buffer> {
  const all = new Map<string, Buffer>();
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString("latin1", at, space));
    const equals = body.indexOf(0x3d, space);
    if (space < 0 || equals < 0 || !(length > 0)) throw new Error("an extended header of a tar that cannot be read");
    all.set(body.toString("utf8", space + 1, equals), body.subarray(equals + 1, at + length - 1));
    at += length;
  }
  return all;
}

function headerBlock(path: string, type: string, size: number, mtime: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (field: keyof typeof FIELD, value: number) => {
    const [at, length] = FIELD[field];
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  };
  block.write(path, 0, FIELD.name[1], "utf8");
  octal("mode", 0o644);
  octal("uid", 0);
  octal("gid", 0);
  octal("size", size);
  octal("mtime", mtime);
  block.write(type, 156, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  octal("major", 0);
  octal("minor", 0);
  // The sum of all bytes, its own field counted as spaces.
  block.fill(0x20, FIELD.checksum[0], FIELD.checksum[0] + FIELD.checksum[1]);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, FIELD.checksum[0], "latin1");
  return block;
}

/** Links and devices have no content, whatever their size says. */
const sizeOf = (header: Buffer): number =>
  /[123456]/.test(String.fromCharCode(header[156] ?? 0)) ? 0 : number(header, "size");

/** A number of the header: octal digits, or binary where they do not suffice (first bit set). */
function number(header: Buffer, field: keyof typeof FIELD): number {
  const [at, length] = FIELD[field];
  if ((header[at] ?? 0) >= 0x80) return Number(header.readBigUInt64BE(at + length - 8));
  const value = parseInt(header.toString("latin1", at, at + length).replace(/[\0 ]+$/, "") || "0", 8);
  if (Number.isNaN(value)) throw new Error(`a tar's header without a ${field}`);
  return value;
}

function pathOf(header: Buffer): string {
  const text = (field: "name" | "prefix") => {
    const [at, length] = FIELD[field];
    const end = header.indexOf(0, at);
    return header.toString("utf8", at, end < 0 || end > at + length ? at + length : end);
  };
  return text("prefix") === "" ? text("name") : `${text("prefix")}/${text("name")}`;
}

/** Chunks as they come, read in pieces of a length of one's own. */
class Bytes {
  private readonly chunks: AsyncIterator<Uint8Array, undefined>;
  private held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.chunks = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  }

  /** So many bytes; undefined at the end. @throws Error where only a part of them is left */
  async take(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    for await (const part of this.pass(length, true)) parts.push(part);
    return parts.length === 0 && length > 0 ? undefined : parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  /** So many bytes, in pieces. */
  async *pass(length: number, mayEnd = false): AsyncGenerator<Buffer> {
    for (let left = length; left > 0;) {
      if (this.held.length === 0) {
        const { done, value } = await this.chunks.next();
        if (done === true) {
          if (mayEnd && left === length) return;
          throw new Error("a tar ends within an entry");
        }
        this.held = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
        continue;
      }
      const part = this.held.subarray(0, left);
      this.held = this.held.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }
}
