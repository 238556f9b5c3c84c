import { type ParsedNode, isMap, isNode, isScalar, isSeq } from "yaml";
import type { z } from "zod";
import { show } from "../../../lib/show.ts";

export type Path = readonly PropertyKey[];

/** The issues of a union's branch that came closest, in place of "invalid input". */
export function flatten(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const branch = issue.errors.at(-1) ?? [];
  return branch.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** A position in a file: where it is, what its path is there, and what is there. */
export interface Position {
  readonly offset: number;
  readonly path: Path;
  readonly value: unknown;
}

/**
 * Finds what a path of the parsed value stands for in the text. Of what is missing, the position is that of the nearest thing
 * around it; where one value stands in for a list of one, it is that value.
 *
 * @param of point at the last key itself, or at its value
 */
export function positionOf(root: ParsedNode | null, path: Path, of: "key" | "value" = "value"): Position {
  let node: unknown = root;
  let offset = root?.range[0] ?? 0;
  for (const [index, step] of path.entries()) {
    const last = index === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find((p) => isNode(p.key) && String(p.key) === String(step));
      if (pair === undefined) return { offset, path, value: undefined };
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
      // A block's value begins on a later line than its key, where nobody looks for it.
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

/** A path as people write it: `experiments[0].images[1]`. */
export function keyName(path: Path): string {
  return path
    .map((step, i) => (typeof step === "number" ? `[${step}]` : `${i === 0 ? "" : "."}${String(step)}`))
    .join("");
}

/** What stands at a position, as JSON. */
export function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (isScalar(value) && value.value === null && value.source !== "null") return "nothing";
  return show(value, 60);
}
