import type { z } from "zod";
import type { Fault } from "../../lib/errors.ts";
import { show } from "../../lib/show.ts";
import { nearest } from "../../lib/nearest.ts";
import { flatIssues, pathText } from "../../lib/zod-faults.ts";
import type { Places } from "./places.ts";

/** A value that a schema refused, and where it stands. */
export interface Refused {
  /** Its path below the namespace. */
  readonly at: string;
  readonly value: unknown;
  readonly places: Places;
  /** What mends it; absent: to take away what is wrong. */
  readonly fix?: string;
  /** Keys that a map there may have, where they are known. */
  readonly known?: readonly string[];
}

/** What a schema finds wrong with a value of the config, each with its path. Pure. */
export function schemaFaults(
  error: Pick<z.ZodError, "issues">,
  { at, value, places, fix, known = [] }: Refused,
): Fault[] {
  return flatIssues(error).flatMap((issue) => {
    const path = pathText([at, ...issue.path]);
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => ({
        ...unknownKey(key, known, places, `${path}.`),
        expected: known.join(", ") || "none",
      }));
    const found = issue.path.reduce<unknown>(
      (v, part) => (v as Record<PropertyKey, unknown> | undefined)?.[part],
      value,
    );
    const what = `${places.of(path)}: ${found === undefined ? "missing" : show(found)}`;
    return [{ what, expected: issue.message, fix: fix ?? places.remove(path) }];
  });
}

/** A key that there is none of; `known` are those there are. `before` is the path of the map that has it, with a dot. Pure. */
export function unknownKey(key: string, known: readonly string[], places: Places, before = ""): Fault {
  const guess = nearest(key, known);
  const hint = guess === undefined ? "" : `, did you mean ${places.of(`${before}${guess}`)}?`;
  return { what: `${places.of(`${before}${key}`)}: no such key${hint}`, fix: places.remove(`${before}${key}`) };
}

/** A name that there is none of, where names are of a list. Pure. */
export function unknownName(place: string, name: string, known: readonly string[], fix: string): Fault {
  const guess = nearest(name, known);
  const hint = guess === undefined ? "" : `, did you mean ${guess}?`;
  return { what: `${place}: "${name}": there is none of that name${hint}`, expected: known.join(", "), fix };
}
