import { shownPath } from "../../../lib/paths.ts";
import { readText } from "../../../lib/read-text.ts";
import { pathText } from "../../../lib/zod-faults.ts";
import { AXES, type Axis } from "../axes.ts";
import { type Clash, clashes, withDefaults } from "./defaults.ts";
import { FileFaults } from "./file-faults.ts";
import { type Known, checkNames } from "./names.ts";
import { type Experiment, type ExperimentSchema, type Fields, experimentSchema } from "./schema.ts";
import { readYaml } from "./yaml-text.ts";

/** Reads a file of experiments. @throws UserError with all its faults at once, each with file, line and column */
export async function loadExperiments(path: string, known: Known, axes: readonly Axis[] = AXES): Promise<Experiment[]> {
  const fix = "cp bench/matrix/experiments/example.yaml bench.yaml";
  const text = await readText(path, { expected: "a file of experiments", fix });
  return parseExperiments(text, shownPath(path), known, axes);
}

/** The same for a text that was read already; `file` names it in faults. Pure. */
export function parseExperiments(text: string, file: string, known: Known, axes: readonly Axis[] = AXES): Experiment[] {
  const schema = experimentSchema(axes);
  const faults = new FileFaults(file, schema.keys);
  const { defaults: rawDefaults, experiments: rawExperiments, ...others } = readYaml(text, faults);
  for (const other of Object.keys(others)) faults.unknownKey([other]);

  const parsed = schema.defaults.safeParse(rawDefaults ?? {});
  if (!parsed.success) faults.issues(["defaults"], parsed.error.issues);
  const defaults = parsed.success ? parsed.data : {};
  checkNames(["defaults"], rawDefaults, schema, known, true, faults);
  faults.clashes(["defaults"], clashes(defaults));

  if (!Array.isArray(rawExperiments) || rawExperiments.length === 0) {
    const found = rawExperiments === undefined || Array.isArray(rawExperiments) ? "none" : "no list";
    faults.at(["experiments"], `experiments: ${found}`, "a list of experiments, each such as `- name: parallel`");
    return faults.throw();
  }
  const names = new Set<string>();
  const experiments = rawExperiments.flatMap((raw: unknown, index) =>
    readExperiment(["experiments", index], raw, { schema, known, defaults, names, faults }),
  );
  checkLinks(experiments, faults);
  return faults.any ? faults.throw() : experiments;
}

/** A link's name is part of cells' ids, so it must mean the same link in all experiments. */
function checkLinks(experiments: readonly Experiment[], faults: FileFaults): void {
  const known = new Map<string, { readonly text: string; readonly of: string }>();
  for (const { name: of, links = [] } of experiments)
    for (const link of links) {
      const text = JSON.stringify(link);
      const other = known.get(link.name);
      if (other !== undefined && other.text !== text && other.of !== of)
        faults.at(
          ["experiments"],
          `link "${link.name}" of experiment ${of} differs from the link of that name in ${other.of}`,
          "the same values, or another name",
        );
      known.set(link.name, other ?? { text, of });
    }
}

/** What an experiment is read with; `names` are those of the experiments before it. */
type Reading = { schema: ExperimentSchema; known: Known; defaults: Fields; names: Set<string>; faults: FileFaults };

/** One experiment of a file; none if it has faults of its form. */
function readExperiment(path: readonly PropertyKey[], raw: unknown, reading: Reading): Experiment[] {
  const { schema, known, defaults, names, faults } = reading;
  const parsed = schema.experiment.safeParse(raw);
  if (!parsed.success) faults.issues(path, parsed.error.issues);
  // What else is wrong is said at once: of the keys that are right by themselves.
  const own = parsed.success ? parsed.data : rightKeys(raw, schema);
  if (own.name !== undefined && names.has(own.name))
    faults.at([...path, "name"], `${pathText([...path, "name"])}: "${own.name}" is there twice`);
  if (own.name !== undefined) names.add(own.name);
  checkNames(path, raw, schema, known, known.chosen?.includes(own.name ?? "") ?? true, faults);
  const whole = withDefaults(own, defaults);
  // What is wrong with the defaults was said of them.
  const ofDefaults = clashes(defaults);
  const inherited = (clash: Clash) => own[clash.key] === undefined || ofDefaults.some((d) => d.what === clash.what);
  const ofItsOwn = clashes(whole).filter((clash) => !inherited(clash));
  faults.clashes(path, ofItsOwn);
  return parsed.success ? [{ ...whole, name: parsed.data.name }] : [];
}

function rightKeys(raw: unknown, { experiment }: ExperimentSchema): Partial<Experiment> {
  if (typeof raw !== "object" || raw === null) return {};
  const { shape } = experiment;
  const right = Object.entries(raw).flatMap(([key, value]: [string, unknown]) => {
    const field = Object.hasOwn(shape, key) ? shape[key as keyof typeof shape] : undefined;
    const parsed = field?.safeParse(value);
    return parsed?.success === true ? [[key, parsed.data]] : [];
  });
  return Object.fromEntries(right) as Partial<Experiment>;
}
