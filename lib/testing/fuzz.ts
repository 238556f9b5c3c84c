import fc from "fast-check";
import { UserError } from "../errors.ts";

/*
 * Near-valid input for tests: something right with a few faults in it. Seeds are fixed, so that a run can be repeated;
 * `LATHE_FUZZ_CASES` raises the number of cases, `LATHE_FUZZ_SEED` takes others. What failed is printed with both.
 */

const CASES = Number(process.env["LATHE_FUZZ_CASES"] ?? 10_000);
const SEED = Number(process.env["LATHE_FUZZ_SEED"] ?? 20_201_124);

const options = (share: number) => ({
  numRuns: Math.ceil(CASES * share),
  seed: SEED,
  interruptAfterTimeLimit: 600_000,
  markInterruptAsFailure: true,
});

/**
 * Checks `body` with many cases.
 *
 * @param share of the runs: the tests of one kind of input come to 1 or more together
 */
export function fuzz<T>(share: number, cases: fc.Arbitrary<T>, body: (value: T) => void): void {
  fc.assert(fc.property(cases, body), options(share));
}

/** The same for a body that waits. */
export function fuzzAsync<T>(share: number, cases: fc.Arbitrary<T>, body: (value: T) => Promise<void>): Promise<void> {
  return fc.assert(fc.asyncProperty(cases, body), options(share));
}

/** The cases themselves, where something else than a function reads them. */
export function sampled<T>(share: number, cases: fc.Arbitrary<T>): T[] {
  return fc.sample(cases, options(share));
}

/**
 * Tries something that may refuse its input by a `UserError`, and nothing else: what else is thrown is a bug, and passed on.
 * The error's words must be for people: no stack, not the message of a slip in the program, and not pages of it.
 *
 * @param names what the words must name: the file, the field
 * @returns whether it took the input, else the words in which it refused it
 */
export function refusedInWords(
  body: () => unknown,
  names: RegExp,
): { readonly taken: boolean; readonly words: string } {
  try {
    body();
    return { taken: true, words: "" };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    checkWords(error.message, names);
    return { taken: false, words: error.message };
  }
}

/** Throws if words are not fit for people. */
export function checkWords(words: string, names: RegExp): void {
  const slip = /\n\s+at |Cannot read prop|is not a function|undefined \(|is not iterable|circular structure|\[object /;
  if (slip.test(words)) throw new Error(`a slip of the program shows: ${words.slice(0, 500)}`);
  if (!names.test(words)) throw new Error(`the culprit is not named: ${words.slice(0, 500)}`);
  if (words.length > 100_000) throw new Error(`${words.length} characters of words: ${words.slice(0, 500)}`);
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Values that do not belong anywhere. */
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, [], {}, -1, 0, 0.5, 1e308, 2 ** 53),
  fc.constantFrom("", "NaN", "\u0000", "a\nb", "__proto__", "💥"),
  fc.string({ maxLength: 8 }),
  fc.double(),
  fc.integer(),
  fc.constant([[[]]]),
  fc.constant({ a: { b: [1, null] } }),
  fc.constant("x".repeat(5000)),
);

type Path = readonly (string | number)[];

function pathsOf(root: unknown): Path[] {
  const all: Path[] = [];
  const walk = (value: unknown, path: Path) => {
    all.push(path);
    if (typeof value !== "object" || value === null) return;
    const keys: (string | number)[] = Array.isArray(value) ? value.map((_, i) => i) : Object.keys(value);
    for (const key of keys) walk((value as Record<string | number, unknown>)[key], [...path, key]);
  };
  walk(root, []);
  return all;
}

const OPS = ["drop", "retype", "double", "rename", "wrap", "deep", "move"] as const;

/** A plain JSON value with one to three faults: a part dropped, doubled, of another type, renamed, in another place. */
export function nearJson(valid: readonly unknown[]): fc.Arbitrary<unknown> {
  const change = fc.record({ at: fc.nat(), op: fc.constantFrom(...OPS), junk, to: fc.nat() });
  return fc
    .record({ base: fc.constantFrom(...valid), changes: fc.array(change, { minLength: 1, maxLength: 3 }) })
    .map(({ base, changes }) =>
      changes.reduce<unknown>((value, { at, op, junk: other, to }) => {
        const paths = pathsOf(value);
        const path = paths[at % paths.length] ?? [];
        const elsewhere = get(value, paths[to % paths.length] ?? []);
        return changed(value, path, op, other, elsewhere);
      }, structuredClone(base)),
    );
}

function get(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((v, key) => (v as Record<string | number, unknown>)[key], value);
}

function changed(value: unknown, path: Path, op: (typeof OPS)[number], other: unknown, elsewhere: unknown): unknown {
  const last = path.at(-1);
  if (last === undefined) return op === "retype" ? other : op === "wrap" ? [value] : value;
  const parent = get(value, path.slice(0, -1)) as Record<string | number, unknown> | unknown[];
  const here = (parent as Record<string | number, unknown>)[last];
  const set = (next: unknown) => ((parent as Record<string | number, unknown>)[last] = next);
  if (op === "drop") {
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete (parent as Record<string, unknown>)[String(last)];
  } else if (op === "double") {
    if (Array.isArray(parent)) parent.splice(Number(last), 0, structuredClone(here));
    else set([here, structuredClone(here)]);
  } else if (op === "rename" && !Array.isArray(parent)) {
    delete (parent as Record<string, unknown>)[String(last)];
    const name = typeof other === "string" ? other : `${last}x`;
    Object.defineProperty(parent, name, { value: here, enumerable: true, configurable: true, writable: true });
  } else if (op === "wrap") set({ [String(last)]: here });
  else if (op === "deep") set(Array.from({ length: 200 }).reduce<Json>((inner) => [inner], null));
  else if (op === "move") set(structuredClone(elsewhere));
  else set(structuredClone(other));
  return value;
}

/** Bytes with a few faults: bits flipped, cut off, pieces put in, left out or doubled, lengths set to their largest. */
export function nearBytes(valid: readonly Uint8Array[], changes = 4): fc.Arbitrary<Buffer> {
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    op: fc.constantFrom("flip", "set", "cut", "insert", "delete", "double", "ones", "zeros"),
    byte: fc.nat(255),
    length: fc.integer({ min: 1, max: 12 }),
  });
  return fc
    .record({ base: fc.nat(valid.length - 1), changes: fc.array(change, { minLength: 1, maxLength: changes }) })
    .map(({ base, changes: list }) =>
      list.reduce(
        (bytes, { at, op, byte, length }) => {
          const place = Math.floor(at * bytes.length);
          const [head, tail] = [bytes.subarray(0, place), bytes.subarray(place)];
          const copy = Buffer.from(bytes);
          if (op === "cut") return Buffer.from(head);
          if (op === "insert") return Buffer.concat([head, Buffer.alloc(length, byte), tail]);
          if (op === "delete") return Buffer.concat([head, tail.subarray(length)]);
          if (op === "double") return Buffer.concat([head, tail.subarray(0, length), tail]);
          if (op === "ones" || op === "zeros")
            return copy.fill(op === "ones" ? 0xff : 0, place, Math.min(copy.length, place + length));
          if (place < copy.length) copy[place] = op === "set" ? byte : (copy[place] as number) ^ (1 << (byte & 7));
          return copy;
        },
        Buffer.from(valid[base] as Uint8Array),
      ),
    );
}

/** Pieces that mean something to a reader of YAML or JSON. */
const PIECES = [
  ...Array.from("{}[]\t\"'#%?\u0000~\r,@`\ud800"),
  ...[": ", "- ", "&a ", "*a", "!!binary ", "|\n", "null", "1e999", "<<: *a\n", "---\n", "...\n"],
];

/** A text with one to three faults: lines dropped, doubled, moved in or out, characters changed, pieces put in, cut off. */
export function nearText(valid: readonly string[]): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.nat(),
    op: fc.constantFrom("drop", "double", "indent", "piece", "char", "cut", "swap"),
    piece: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 4 })),
  });
  return fc
    .record({ base: fc.constantFrom(...valid), changes: fc.array(change, { minLength: 1, maxLength: 3 }) })
    .map(({ base, changes }) =>
      changes.reduce((text, { at, op, piece }) => {
        const place = at % (text.length + 1);
        const lines = text.split("\n");
        const line = at % lines.length;
        const own = lines[line] ?? "";
        if (op === "drop") return lines.toSpliced(line, 1).join("\n");
        if (op === "double") return lines.toSpliced(line, 0, own).join("\n");
        if (op === "indent") return lines.with(line, at % 2 === 0 ? `  ${own}` : own.trimStart()).join("\n");
        if (op === "swap") return lines.with(line, lines[(line + 1) % lines.length] ?? "").join("\n");
        if (op === "cut") return text.slice(0, place);
        return text.slice(0, place) + piece + text.slice(op === "char" ? place + 1 : place);
      }, base),
    );
}
