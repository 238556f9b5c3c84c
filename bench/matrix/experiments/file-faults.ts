import { LineCounter, type ParsedNode, isMap, isNode, isScalar, isSeq } from "yaml";
import type { z } from "zod";
import { type Fault, UserError } from "../../../lib/errors.ts";
import { show } from "../../../lib/show.ts";
import { pathText } from "../../../lib/zod-faults.ts";
import type { Clash } from "./defaults.ts";
import { keyHint } from "./hints.ts";
import type { Keys } from "./schema.ts";

type Path = readonly PropertyKey[];

/** The faults of one file of experiments, each with its line and column: they are thrown all at once. */
export class FileFaults {
  readonly counter = new LineCounter();
  readonly #file: string;
  readonly #keys: Keys;
  readonly #found: (Fault & { readonly offset: number })[] = [];
  #unknownNames = false;
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
    this.#unknownNames = true;
    this.at(path, what, expected);
  }

  unknownKey(path: Path): void {
    this.at(path, `${pathText(path)}: no such key`, keyHint(path, this.#keys), "key");
  }

  /** What a schema says of the value at a path. Of a union's branches the last one holds: the first is a single word. */
  issues(base: Path, issues: readonly z.core.$ZodIssue[]): void {
    for (const issue of issues.flatMap(ofLastBranch)) {
      const path = [...base, ...issue.path];
      if (issue.code === "unrecognized_keys") for (const key of issue.keys) this.unknownKey([...path, key]);
      else {
        const found = positionOf(this.root, path);
        this.add(found.offset, `${pathText(found.path)}: ${shown(found.value)}`, issue.message);
      }
    }
  }

  clashes(base: Path, found: readonly Clash[]): void {
    for (const { key, what, expected } of found)
      this.at([...base, key], `${pathText([...base, key])}: ${what}`, expected);
  }

  /** @throws UserError with all faults, in the order of the text */
  throw(): never {
    const fix =
      "every key with an example: bench/matrix/experiments/example.yaml" +
      (this.#unknownNames ? "; to measure without what is not deployed: --allow-missing" : "");
    const sorted = this.#found.sort((a, b) => a.offset - b.offset);
    throw new UserError(
      sorted.map(({ offset: _, ...fault }, i) => ({ ...fault, ...(i === sorted.length - 1 ? { fix } : {}) })),
    );
  }
}

function ofLastBranch(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  return (issue.errors.at(-1) ?? []).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** A position in a file: where it is, what its path is there, and what is there. */
interface Position {
  readonly offset: number;
  readonly path: Path;
  readonly value: unknown;
}

/** Where a path of the parsed value stands in the text; of what is missing, where the nearest thing around it does. */
function positionOf(root: ParsedNode | null, path: Path, of: "key" | "value" = "value"): Position {
  let node: unknown = root;
  let offset = root?.range[0] ?? 0;
  for (const [index, step] of path.entries()) {
    const last = index === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((p) => isNode(p.key) && String(p.key) === String(step));
      if (pair === undefined) return { offset, path, value: undefined };
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
      // A block's value begins on a later line than its key: the key's line is the better one.
      if (last && of === "value" && isScalar(node)) offset = node.range?.[0] ?? offset;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (isNode(node)) offset = node.range?.[0] ?? offset;
    } else {
      if (isScalar(node) && of === "value") offset = node.range?.[0] ?? offset;
      return { offset, path: path.slice(0, index), value: node };
    }
  }
  return { offset, path, value: node };
}

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (isScalar(value) && value.value === null && value.source !== "null") return "nothing";
  return show(value, 60);
}
