import { readFile } from "node:fs/promises";
import {
  type Document,
  LineCounter,
  type YAMLError,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  visit,
} from "yaml";
import type { z } from "zod";
import { type Fault, UserError, messageOf } from "../../../lib/errors.ts";
import { show } from "../../../lib/show.ts";
import { type Clash, clashes, withDefaults } from "./defaults.ts";
import { keyHint, nameHint } from "./hints.ts";
import { type Path, flatten, keyName, placeOf, shown } from "./yaml-position.ts";
import { type Experiment, ExperimentFields, Fields } from "./schema.ts";

/** What a file's contents are checked against besides their form. */
export interface Known {
  /** Numbers of the photographs there are. */
  readonly images: readonly number[];
  /** Roles and models that there are or may be; a name that is neither is a fault. Undefined: any name will do. */
  readonly machines?: readonly string[];
  readonly models?: readonly string[];
  /** Experiments whose machines and models are asked for; undefined: all of them. */
  readonly chosen?: readonly string[] | undefined;
}

/**
 * Reads a file of experiments.
 *
 * @throws UserError with all faults of the file at once, each with file, line and column
 */
export async function loadExperiments(path: string, known: Known): Promise<Experiment[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new UserError({
      what: `${path}: ${messageOf(error)}`,
      expected: "a file of experiments",
      fix: "cp bench/matrix/experiments/example.yaml bench.yaml",
    });
  }
  return parseExperiments(text, path, known);
}

/** The same for a text that was read already; `place` names it in faults. */
export function parseExperiments(text: string, place: string, known: Known): Experiment[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, logLevel: "error" });
  const faults: (Fault & { readonly offset: number })[] = [];
  let missing = false;
  const fault = (offset: number, what: string, expected?: string) => {
    const { line, col } = counter.linePos(offset);
    faults.push({ offset, what: `${place}:${line}:${col}: ${what}`, ...(expected === undefined ? {} : { expected }) });
  };
  const done = (): never => {
    const fix =
      "every key with an example: bench/matrix/experiments/example.yaml" +
      (missing ? "; to measure without what is not deployed: --allow-missing" : "");
    const sorted = faults.sort((a, b) => a.offset - b.offset);
    throw new UserError(
      sorted.map(({ what, expected }, i) => ({
        what,
        ...(expected === undefined ? {} : { expected }),
        ...(i === sorted.length - 1 ? { fix } : {}),
      })),
    );
  };
  for (const error of document.errors) fault(error.pos[0], ...yamlFault(error));
  // A key that stands twice leaves the rest readable; after any other error there is no telling what was meant.
  if (document.errors.some((e) => e.code !== "DUPLICATE_KEY")) return done();
  nameNulls(document);

  const root = document.contents;
  const at = (path: Path, of?: "key") => placeOf(root, path, of).offset;
  const complain = (base: Path, issues: readonly z.core.$ZodIssue[]) => {
    for (const issue of issues.flatMap(flatten)) {
      const path = [...base, ...issue.path];
      if (issue.code === "unrecognized_keys")
        for (const key of issue.keys)
          fault(at([...path, key], "key"), `${keyName([...path, key])}: no such key`, keyHint([...path, key]));
      else {
        const place = placeOf(root, path);
        fault(place.offset, `${keyName(place.path)}: ${shown(place.value)}`, issue.message);
      }
    }
  };
  const complainOf = (path: Path, found: readonly Clash[]) => {
    for (const { key, what, expected } of found)
      fault(at([...path, key]), `${keyName([...path, key])}: ${what}`, expected);
  };
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // Aliases that stand for more than any file of experiments has.
    fault(0, firstLine(messageOf(error)), "a file whose aliases stand for little");
    return done();
  }
  if (!isMap(root) || typeof value !== "object" || value === null) {
    fault(0, "no experiments", "a map with the key `experiments`");
    return done();
  }
  /** Names that nothing has, item by item: what else is wrong with a list does not hide them. */
  const checkNames = (path: Path, raw: unknown, deployment: boolean) => {
    for (const { index, item } of itemsOf(raw, "images"))
      if (typeof item === "number" && !known.images.includes(item))
        fault(
          at([...path, "images", index]),
          `${keyName([...path, "images"])}: no photograph ${item}`,
          `some of ${known.images.join(", ")}`,
        );
    for (const [key, names, what] of [
      ["clientMachines", known.machines, "machine"],
      ["serverMachines", known.machines, "machine"],
      ["models", known.models, "model"],
    ] as const)
      for (const { index, item } of deployment ? itemsOf(raw, key) : [])
        if (typeof item === "string" && names?.includes(item) === false) {
          missing = true;
          fault(
            at([...path, key, index]),
            `${keyName([...path, key])}: no ${what} ${show(item, 60)}`,
            nameHint(item, names),
          );
        }
  };
  const { defaults: rawDefaults, experiments: rawExperiments, ...others } = value as Record<string, unknown>;
  for (const other of Object.keys(others)) fault(at([other], "key"), `${other}: no such key`, keyHint([other]));
  const parsedDefaults = Fields.safeParse(rawDefaults ?? {});
  if (!parsedDefaults.success) complain(["defaults"], parsedDefaults.error.issues);
  const defaults = parsedDefaults.success ? parsedDefaults.data : {};
  checkNames(["defaults"], rawDefaults, true);
  const knownClashes = clashes(defaults);
  complainOf(["defaults"], knownClashes);
  if (!Array.isArray(rawExperiments) || rawExperiments.length === 0) {
    const found = rawExperiments === undefined || Array.isArray(rawExperiments) ? "none" : "no list";
    fault(at(["experiments"]), `experiments: ${found}`, "a list of experiments, each such as `- name: parallel`");
    return done();
  }
  const experiments: Experiment[] = [];
  const names = new Set<string>();
  for (const [index, raw] of rawExperiments.entries()) {
    const path = ["experiments", index];
    const parsed = ExperimentFields.safeParse(raw);
    if (!parsed.success) complain(path, parsed.error.issues);
    // What else is wrong is said at once: of the keys that are right by themselves.
    const own = parsed.success ? parsed.data : rightKeys(raw);
    if (own.name !== undefined && names.has(own.name))
      fault(at([...path, "name"]), `${keyName([...path, "name"])}: "${own.name}" is there twice`);
    if (own.name !== undefined) names.add(own.name);
    checkNames(path, raw, known.chosen?.includes(own.name ?? "") ?? true);
    const whole = withDefaults(own, defaults);
    // What is wrong with the defaults was said of them.
    const inherited = (clash: Clash) => own[clash.key] === undefined || knownClashes.some((k) => k.what === clash.what);
    complainOf(
      path,
      clashes(whole).filter((c) => !inherited(c)),
    );
    if (parsed.success) experiments.push({ ...whole, name: parsed.data.name });
  }
  return faults.length > 0 ? done() : experiments;
}

/** The keys of an experiment that are right by themselves. */
function rightKeys(raw: unknown): Partial<Experiment> {
  if (typeof raw !== "object" || raw === null) return {};
  const right = Object.entries(raw).flatMap(([key, value]: [string, unknown]) => {
    const field = Object.hasOwn(ExperimentFields.shape, key)
      ? ExperimentFields.shape[key as keyof typeof ExperimentFields.shape]
      : undefined;
    const parsed = field?.safeParse(value);
    return parsed?.success === true ? [[key, parsed.data]] : [];
  });
  return Object.fromEntries(right) as Partial<Experiment>;
}

/** The items of one of an experiment's lists that are right by themselves, each with its place in the list. */
function itemsOf(raw: unknown, key: "images" | "models" | "clientMachines" | "serverMachines") {
  if (typeof raw !== "object" || raw === null || !Object.hasOwn(raw, key)) return [];
  const value = (raw as Record<string, unknown>)[key];
  return (Array.isArray(value) ? (value as unknown[]) : [value]).flatMap((one, index) => {
    const parsed = Fields.shape[key].safeParse([one]);
    return parsed.success && Array.isArray(parsed.data) ? [{ index, item: parsed.data[0] }] : [];
  });
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
