import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { expectedWord } from "../lib/cli/parse.ts";
import { WrongUse } from "../lib/errors.ts";
import { writeAtomic } from "../lib/cache/cached.ts";
import { progress, type Progress } from "../lib/progress.ts";
import { fileDigest } from "../lib/registry/http.ts";
import { formatTable } from "../lib/table.ts";
import { type CatalogueEntry, loadCatalogue } from "./catalogue.ts";
import { digestSource } from "./fetch.ts";
import { formOf } from "./forms.ts";
import { loadLock, lockedSource, lockFile } from "./lock.ts";
import { type PreparedModel, convert, prepareModel } from "./prepare.ts";

const LOCK_HEAD = `# SHA-256 of every source file and of the model archive made of it (conversion is repeatable to the byte with the
# packages of models/python). A source that is not here is not used. Written by \`npx lathe models lock\`.
`;

/** Prints a table, or the document that `--json` asks for. */
type Print = (text: string, document: object) => void;

/** `lathe models`. */
export async function modelsCommand(action: string, names: readonly string[], print: Print): Promise<void> {
  if (action === "lock") return lockSource(names);
  const entries = await entriesOf(names);
  if (action === "fetch") await fetchModels(names.length > 0 ? names : entries.map((entry) => entry.name), print);
  else await list(entries, print);
}

/**
 * The catalogue's entries of these names, or all of them.
 *
 * @throws WrongUse if the catalogue lacks one of them
 */
async function entriesOf(names: readonly string[]): Promise<readonly CatalogueEntry[]> {
  const catalogue = await loadCatalogue();
  const known = catalogue.map((entry) => entry.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new WrongUse(
      unknown.map((name) => ({
        what: `there is no model "${name}" in the catalogue`,
        expected: expectedWord(name, known),
        fix: "npx lathe models list",
      })),
    );
  return names.length === 0 ? catalogue : catalogue.filter((entry) => names.includes(entry.name));
}

async function list(entries: readonly CatalogueEntry[], print: Print): Promise<void> {
  const lock = await loadLock();
  const rows = entries.map((entry) => {
    const used = entry.sources.find((source) => "locked" in lockedSource(entry, source, lock));
    const { sources, ...facts } = entry;
    return {
      ...facts,
      source: used?.id ?? null,
      timingOnly: used?.timingOnly ?? false,
      sources: sources.map((s) => s.id),
    };
  });
  const columns = ["name", "what it is", "in the paper", "licence", "source", "remark"];
  const text = rows.map((r) => [
    ...[r.name, r.title, r.paperModel ?? "", r.licence, r.source ?? "none is locked"],
    r.timingOnly ? "untrained weights: for timing only" : "",
  ]);
  print(formatTable(columns, text), { models: rows });
}

async function fetchModels(names: readonly string[], print: Print): Promise<void> {
  const bar = progress();
  const done: PreparedModel[] = [];
  for (const name of names) done.push(await prepareModel(name, bar));
  const lines = done.map((model) => `${model.entry.name}  ${model.sha256}  ${model.archive}`);
  print(lines.join("\n"), { models: done.map(({ entry, ...rest }) => ({ name: entry.name, ...rest })) });
}

async function lockSource([name, id, ...more]: readonly string[]): Promise<void> {
  const fix = "npx lathe models lock NAME SOURCE";
  if (name === undefined || id === undefined || more.length > 0)
    throw new WrongUse({ what: "models lock", expected: "a model and one of its sources", fix });
  const [entry] = (await entriesOf([name])) as [CatalogueEntry];
  const ids = entry.sources.map((s) => s.id);
  const source = entry.sources[ids.indexOf(id)];
  if (source === undefined)
    throw new WrongUse({ what: `${name} has no source "${id}"`, expected: expectedWord(id, ids), fix });
  const bar = progress();
  const lock = await loadLock();
  bar.step(`Reading ${name} (${id}) as it is today`);
  const files = lock[name]?.[id]?.files ?? (await digestSource(source, bar));
  const out = await mkdtemp(join(tmpdir(), "lathe-lock-"));
  try {
    const artefact = await convert(entry, source, { files, artefact: "" }, out, bar);
    const forms = await digestForms(entry, out, bar);
    const locked = { files, artefact, ...(entry.forms.length === 0 ? {} : { forms }) };
    const next = { ...lock, [name]: { ...lock[name], [id]: locked } };
    await writeAtomic(lockFile, LOCK_HEAD + stringify(next, { lineWidth: 0 }));
    bar.done(`locked as ${artefact}`);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** The SHA-256 of each further form of the model whose SavedModel lies in `out`. */
async function digestForms(entry: CatalogueEntry, out: string, bar: Progress): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const name of entry.forms) {
    const folder = join(out, name);
    await mkdir(folder);
    await formOf(entry, name).make(entry, join(out, "version"), folder, bar);
    digests[name] = await fileDigest(join(folder, "model.tar"));
  }
  return digests;
}
