import { type Document, type YAMLError, isAlias, isMap, isScalar, isSeq, parseDocument, visit } from "yaml";
import { messageOf } from "../../../lib/errors.ts";
import type { FileFaults } from "./file-faults.ts";

/** The map that a YAML text holds; `faults` then knows places. @throws UserError if it is no YAML, or no map */
export function readYaml(text: string, faults: FileFaults): Readonly<Record<string, unknown>> {
  const document = parseDocument(text, { lineCounter: faults.counter, prettyErrors: false, logLevel: "error" });
  for (const error of document.errors) faults.add(error.pos[0], ...yamlFault(error));
  // A key that stands twice leaves the rest readable; after any other error there is no telling what was meant.
  if (document.errors.some((e) => e.code !== "DUPLICATE_KEY")) faults.throw();
  nameNulls(document);
  faults.root = document.contents;
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // Aliases that stand for more than any file of experiments has.
    faults.add(0, firstLine(messageOf(error)), "a file whose aliases stand for little");
    faults.throw();
  }
  if (isMap(faults.root) && typeof value === "object" && value !== null) return value as Record<string, unknown>;
  faults.add(0, "no experiments", "a map with the key `experiments`");
  return faults.throw();
}

/** In `models` the word null, which YAML reads as nothing at all, is the model's name. */
function nameNulls(document: Document.Parsed): void {
  const name = (node: unknown): void => {
    const found = isAlias(node) ? node.resolve(document) : node;
    if (isScalar(found) && found.value === null && found.source === "null") found.value = "null";
  };
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || key.value !== "models") return;
      const list = isAlias(value) ? value.resolve(document) : value;
      if (isSeq(list)) list.items.forEach(name);
      else name(list);
    },
  });
}

/** What is wrong with the text as YAML, and what would be right where the parser's own words do not say. */
function yamlFault(error: YAMLError): [what: string, expected?: string] {
  if (error.code === "MULTIPLE_DOCS")
    return ["a second document begins here", "one document: no line `---` but the first"];
  return [firstLine(error.message)];
}

const firstLine = (text: string) => text.split("\n")[0] ?? text;
