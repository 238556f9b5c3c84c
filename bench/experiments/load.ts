import { readFile } from "node:fs/promises";
import { LineCounter, isMap, parseDocument } from "yaml";
import type { z } from "zod";
import { type Fault, UserError, messageOf } from "../../lib/errors.ts";
import { type Path, flatten, hint, keyName, placeOf, shown } from "./places.ts";
import { type Experiment, ExperimentFields, Fields, KEYS } from "./schema.ts";

/** What a file's contents are checked against besides their form. */
export interface Known {
  /** Numbers of the photographs there are. */
  readonly images: readonly number[];
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
      fix: "cp bench/experiments/example.yaml bench.yaml",
    });
  }
  return parseExperiments(text, path, known);
}

/** The same for a text that was read already; `place` names it in faults. */
export function parseExperiments(text: string, place: string, known: Known): Experiment[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const faults: (Fault & { readonly offset: number })[] = [];
  const fault = (offset: number, what: string, expected?: string) => {
    const { line, col } = counter.linePos(offset);
    faults.push({ offset, what: `${place}:${line}:${col}: ${what}`, ...(expected === undefined ? {} : { expected }) });
  };
  const done = (): never => {
    const sorted = faults.sort((a, b) => a.offset - b.offset);
    throw new UserError(
      sorted.map(({ what, expected }, i) => ({
        what,
        ...(expected === undefined ? {} : { expected }),
        ...(i === sorted.length - 1 ? { fix: "every key with an example: bench/experiments/example.yaml" } : {}),
      })),
    );
  };
  for (const error of document.errors) fault(error.pos[0], firstLine(error.message));
  // A key that stands twice leaves the rest readable; after any other error there is no telling what was meant.
  if (document.errors.some((e) => e.code !== "DUPLICATE_KEY")) return done();

  const root = document.contents;
  const at = (path: Path, of?: "key") => placeOf(root, path, of).offset;
  const complain = (base: Path, issues: readonly z.core.$ZodIssue[]) => {
    for (const issue of issues.flatMap(flatten)) {
      const path = [...base, ...issue.path];
      if (issue.code === "unrecognized_keys")
        for (const key of issue.keys)
          fault(at([...path, key], "key"), `${keyName([...path, key])}: no such key`, hint(key, KEYS));
      else {
        const place = placeOf(root, path);
        fault(place.offset, `${keyName(place.path)}: ${shown(place.value)}`, issue.message);
      }
    }
  };
  const value: unknown = document.toJS();
  if (!isMap(root) || typeof value !== "object" || value === null) {
    fault(0, "no experiments", "a map with the key `experiments`");
    return done();
  }
  const { defaults: rawDefaults, experiments: rawExperiments, ...others } = value as Record<string, unknown>;
  for (const other of Object.keys(others))
    fault(at([other], "key"), `${other}: no such key`, hint(other, ["defaults", "experiments"]));
  const defaults = Fields.safeParse(rawDefaults ?? {});
  if (!defaults.success) complain(["defaults"], defaults.error.issues);
  if (!Array.isArray(rawExperiments) || rawExperiments.length === 0) {
    fault(at(["experiments"]), "experiments: none", "a list of experiments");
    return done();
  }
  const experiments: Experiment[] = [];
  const names = new Set<string>();
  for (const [index, raw] of rawExperiments.entries()) {
    const path = ["experiments", index];
    const parsed = ExperimentFields.safeParse(raw);
    if (!parsed.success) {
      complain(path, parsed.error.issues);
      continue;
    }
    const own = parsed.data;
    if (names.has(own.name))
      fault(at([...path, "name"]), `${keyName([...path, "name"])}: "${own.name}" is there twice`);
    names.add(own.name);
    for (const [i, id] of (own.images ?? []).entries())
      if (!known.images.includes(id))
        fault(
          at([...path, "images", i]),
          `${keyName(path)}.images: no photograph ${id}`,
          `some of ${known.images.join(", ")}`,
        );
    const whole = withDefaults(own, defaults.success ? defaults.data : {});
    for (const clash of clashes(whole))
      fault(at([...path, clash.key]), `${keyName([...path, clash.key])}: ${clash.what}`, clash.expected);
    experiments.push(whole);
  }
  return faults.length > 0 ? done() : experiments;
}

/** What keys that are each right cannot be together. */
function clashes(e: Experiment): { key: keyof Fields; what: string; expected: string }[] {
  const found: { key: keyof Fields; what: string; expected: string }[] = [];
  if (e.clientKinds !== undefined && (e.protocols !== undefined || e.encodings !== undefined))
    found.push({
      key: "clientKinds",
      what: "besides protocols or encodings",
      expected: "either clientKinds, or protocols and encodings: a client kind implies both",
    });
  if (e.encodings !== undefined && e.protocols?.includes("rest") === false)
    found.push({ key: "encodings", what: "without the protocol rest", expected: "protocols: [grpc, rest]" });
  if (e.clientMachines === "same" && e.serverMachines === "others")
    found.push({
      key: "serverMachines",
      what: "others, where clientMachines is same",
      expected: "all, or names: each machine calls itself",
    });
  if ((e.limits?.minRequests ?? 0) > (e.limits?.requests ?? Infinity))
    found.push({ key: "limits", what: "minRequests above requests", expected: "minRequests of at most requests" });
  return found;
}

/** An experiment's own keys before its file's defaults. Its client kinds take the place of default protocols, and v.v. */
function withDefaults(own: Experiment, defaults: Fields): Experiment {
  const { protocols, encodings, clientKinds, ...rest } = defaults;
  const kept =
    own.clientKinds !== undefined
      ? {}
      : own.protocols !== undefined || own.encodings !== undefined
        ? { protocols, encodings }
        : { protocols, encodings, clientKinds };
  const present = (fields: object) => Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== undefined));
  const limits = { ...defaults.limits, ...own.limits };
  return { ...present(rest), ...present(kept), ...present(own), name: own.name, limits };
}

const firstLine = (text: string) => text.split("\n")[0] ?? text;
