import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { jsonText } from "../../lib/clean.ts";
import { UserError, messageOf } from "../../lib/errors.ts";

/**
 * Appends values to a JSONL file, one line each. A line is handed to the kernel before `append` returns, so a killed
 * process loses none of them; at most its last line is torn, which `repairTail` cuts off. A line that does not fit onto
 * the disk is taken back whole, and so the file stays good whatever happens.
 */
export class JsonlWriter {
  readonly #path: string;
  readonly #fd: number;
  readonly #write: (fd: number, bytes: Uint8Array) => number;
  #size: number;
  #broken: UserError | undefined;

  /** @param write writes some of the bytes, and returns how many */
  constructor(path: string, write: (fd: number, bytes: Uint8Array) => number = writeSync) {
    this.#path = path;
    this.#write = write;
    this.#fd = openSync(path, "a");
    this.#size = fstatSync(this.#fd).size;
  }

  /** @throws UserError if the disk is full or somebody else writes to the file; nothing is written after that */
  append(value: unknown): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (fstatSync(this.#fd).size !== this.#size)
      throw (this.#broken = new UserError({
        what: `${this.#path}: somebody else writes to this file`,
        expected: "one bench a run",
        fix: "let the other one end; what both wrote is there, each record whole",
      }));
    const bytes = Buffer.from(`${jsonText(value)}\n`);
    try {
      for (let written = 0; written < bytes.length;) written += this.#write(this.#fd, bytes.subarray(written));
      this.#size += bytes.length;
    } catch (error) {
      try {
        ftruncateSync(this.#fd, this.#size);
      } catch {
        // What was written of the line stays, and the reader leaves it out.
      }
      throw (this.#broken = diskFault(this.#path, error));
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** What the operating system said about a file, for people. */
export function diskFault(path: string, error: unknown): UserError {
  const code = (error as NodeJS.ErrnoException).code;
  const full = code === "ENOSPC" || code === "EDQUOT";
  const why = full ? `no space left on the disk${code === "EDQUOT" ? " (quota)" : ""}` : messageOf(error);
  return new UserError(
    {
      what: `${path}: ${why}`,
      expected: "room for one line a call; what was written until now is whole",
      fix: `${full ? "make room, then go" : "go"} on where it stopped: npx lathe bench --resume`,
    },
    { cause: error },
  );
}

/** Cuts off the torn last line that a killed process left. @returns how many bytes were cut */
export function repairTail(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return 0;
  const keep = endOfLastLine(path, size);
  if (keep < size) truncateSync(path, keep);
  return size - keep;
}

/** Reads backwards, so that a file of a million lines is not read whole. */
function endOfLastLine(path: string, size: number): number {
  const fd = openSync(path, "r");
  try {
    const chunk = Buffer.alloc(64 * 1024);
    for (let end = size; end > 0;) {
      const start = Math.max(0, end - chunk.length);
      const read = readSync(fd, chunk, 0, end - start, start);
      const at = chunk.subarray(0, read).lastIndexOf(0x0a);
      if (at >= 0) return start + at + 1;
      end = start;
    }
    return 0;
  } finally {
    closeSync(fd);
  }
}

/** No record comes near it; a file without an end of line must not fill the memory. */
const LONGEST_LINE = 64 * 2 ** 20;

/** Some lines of a file, in order; `torn` is set on a last piece that no newline ends. */
export interface Lines {
  readonly lines: readonly string[];
  /** Number of the first of them, from 1. */
  readonly first: number;
  readonly torn: boolean;
}

/** Reads a text file in pieces of many lines, far quicker than line by line. @throws UserError if it is not there */
export async function* readLines(path: string): AsyncGenerator<Lines> {
  const decoder = new StringDecoder("utf8");
  /** The beginning of a line, in pieces: put together each time, a line of n characters would take n² steps. */
  let begun: string[] = [];
  let characters = 0;
  let first = 1;
  if (!existsSync(path))
    throw new UserError({
      what: `${path}: not there`,
      expected: "what a run recorded; it may have been killed before its first call",
      fix: "npx lathe bench --resume",
    });
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const text = decoder.write(chunk);
    const end = text.lastIndexOf("\n");
    const lines = end < 0 ? [] : (begun.join("") + text.slice(0, end)).split("\n");
    if (end >= 0) [begun, characters] = [[], 0];
    begun.push(text.slice(end + 1));
    characters += text.length - end - 1;
    if (characters > LONGEST_LINE)
      throw new UserError({
        what: `${path}:${first + lines.length}: a line of more than ${LONGEST_LINE / 2 ** 20} Mi characters`,
        expected: "a file of JSON lines, as a bench writes it",
      });
    if (lines.length > 0) yield { lines, first, torn: false };
    first += lines.length;
  }
  const rest = begun.join("") + decoder.end();
  if (rest !== "") yield { lines: [rest], first, torn: true };
}
