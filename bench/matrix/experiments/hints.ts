import { nearest } from "../../../lib/nearest.ts";
import type { Keys } from "./schema.ts";

type Level = keyof Keys;

/** Where a key of another level belongs. */
const BELONGS: Readonly<Record<Level, (key: string) => string>> = {
  file: (key) => `${key} at the top of the file`,
  defaults: (key) => `${key} in an experiment, or in defaults`,
  experiment: (key) => `${key} in an experiment`,
  limits: (key) => `${key} under limits, such as limits: { ${key}: 10 }`,
};

/** What a key that is none if it stands may have meant, else all that may stand there. */
export function keyHint(path: readonly PropertyKey[], keys: Keys): string {
  const key = String(path.at(-1));
  const own = levelOf(path.slice(0, -1));
  const others = (["limits", "defaults", "experiment", "file"] as const).filter((level) => level !== own);
  for (const level of others) if (keys[level].includes(key)) return BELONGS[level](key);
  const meant = alike(key, keys[own]) ?? beginsLike(key, keys[own]);
  if (meant !== undefined) return `did you mean ${meant}?`;
  for (const level of others) {
    const there = alike(key, keys[level]) ?? beginsLike(key, keys[level]);
    if (there !== undefined) return `did you mean ${BELONGS[level](there)}?`;
  }
  return `one of ${keys[own].join(", ")}`;
}

/** What an unknown name may have meant, else all that there are. */
export function nameHint(name: string, known: readonly string[]): string {
  const meant = alike(name, known);
  return meant === undefined ? `one of ${known.join(", ")}` : `did you mean ${meant}?`;
}

function levelOf(parent: readonly PropertyKey[]): Level {
  if (parent.at(-1) === "limits") return "limits";
  return parent.length === 0 ? "file" : parent[0] === "defaults" ? "defaults" : "experiment";
}

/** The nearest word, where it is near enough that people see it too: `rate` is no slip for `name`. */
function alike(word: string, known: readonly string[]): string | undefined {
  const found = nearest(word, known);
  if (found === undefined) return undefined;
  const [a, b] = [word.toLowerCase(), found.toLowerCase()];
  return a[0] === b[0] || a.includes(b) || b.includes(a) ? found : undefined;
}

/** The words that a shortened one may stand for: `rate`, `clients`. */
function beginsLike(word: string, known: readonly string[]): string | undefined {
  const stem = word.toLowerCase().replace(/s$/, "");
  const found = stem.length < 4 ? [] : known.filter((key) => key.toLowerCase().startsWith(stem));
  return found.length === 0 ? undefined : found.join(" or ");
}
