import { LineCounter, type ParsedNode } from "yaml";
import type { z } from "zod";
import { type Fault, UserError } from "../../../lib/errors.ts";
import type { Clash } from "./defaults.ts";
import { keyHint } from "./hints.ts";
import type { Keys } from "./schema.ts";
import { type Path, flatten, keyName, positionOf, shown } from "./yaml-position.ts";

/** The faults of one file of experiments, each with its line and column: they are thrown all at once. */
export class FileFaults {
  readonly counter = new LineCounter();
  readonly #file: string;
  readonly #keys: Keys;
  readonly #found: (Fault & { readonly offset: number })[] = [];
  #missing = false;
  /** What the text holds, once it is read: paths are looked up in it. */
  root: ParsedNode | null = null;

  /** @param file names the file in faults */
  constructor(file: string, keys: Keys) {
    this.#file = file;
    this.#keys = keys;
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  add(offset: number, what: string, expected?: string): void {
    const { line, col } = this.counter.linePos(offset);
    const fault = { offset, what: `${this.#file}:${line}:${col}: ${what}` };
    this.#found.push(expected === undefined ? fault : { ...fault, expected });
  }

  /** A fault of what stands at a path, or of the key there. */
  at(path: Path, what: string, expected?: string, of: "key" | "value" = "value"): void {
    this.add(positionOf(this.root, path, of).offset, what, expected);
  }

  /** A name that nothing has. */
  unknownName(path: Path, what: string, expected: string): void {
    this.#missing = true;
    this.at(path, what, expected);
  }

  unknownKey(path: Path): void {
    this.at(path, `${keyName(path)}: no such key`, keyHint(path, this.#keys), "key");
  }

  /** What a schema says of the value at a path. */
  issues(base: Path, issues: readonly z.core.$ZodIssue[]): void {
    for (const issue of issues.flatMap(flatten)) {
      const path = [...base, ...issue.path];
      if (issue.code === "unrecognized_keys") for (const key of issue.keys) this.unknownKey([...path, key]);
      else {
        const found = positionOf(this.root, path);
        this.add(found.offset, `${keyName(found.path)}: ${shown(found.value)}`, issue.message);
      }
    }
  }

  clashes(base: Path, found: readonly Clash[]): void {
    for (const { key, what, expected } of found)
      this.at([...base, key], `${keyName([...base, key])}: ${what}`, expected);
  }

  /** @throws UserError with all faults, in the order of the text */
  throw(): never {
    const fix =
      "every key with an example: bench/matrix/experiments/example.yaml" +
      (this.#missing ? "; to measure without what is not deployed: --allow-missing" : "");
    const sorted = this.#found.sort((a, b) => a.offset - b.offset);
    throw new UserError(
      sorted.map(({ offset: _, ...fault }, i) => ({ ...fault, ...(i === sorted.length - 1 ? { fix } : {}) })),
    );
  }
}
