import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { expectedWord } from "../lib/cli/parse.ts";
import { WrongUse } from "../lib/errors.ts";
import { writeAtomic } from "../lib/cached.ts";
import { progress } from "../lib/progress.ts";
import { formatTable } from "../lib/table.ts";
import { loadCatalogue } from "./catalogue.ts";
import { digestSource } from "./fetch.ts";
import { loadLock, lockedSource, lockFile } from "./lock.ts";
import { type PreparedModel, convert, findEntry, prepareModel } from "./prepare.ts";

const LOCK_HEAD = `# SHA-256 of every source file and of the model archive made of it (conversion is repeatable to the byte with the
# packages of models/python/requirements.txt). A source that is not here is not used. Written by \`npx lathe models lock\`.
`;

/** Prints a table, or the document that `--json` asks for. */
type Print = (text: () => string, document: () => object) => void;

/** `lathe models`. */
export async function modelsCommand(action: string, names: readonly string[], print: Print): Promise<void> {
  if (action === "lock") return lockSource(names);
  await checkNames(names);
  if (action === "fetch") await fetchModels(names, print);
  else await list(names, print);
}

/** @throws WrongUse where the catalogue has no model of a name */
async function checkNames(names: readonly string[]): Promise<void> {
  const known = (await loadCatalogue()).map((entry) => entry.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new WrongUse(
      unknown.map((name) => ({
        what: `there is no model "${name}" in the catalogue`,
        expected: expectedWord(name, known),
        fix: "npx lathe models list",
      })),
    );
}

async function list(names: readonly string[], print: Print): Promise<void> {
  const lock = await loadLock();
  const entries = (await loadCatalogue()).filter((entry) => names.length === 0 || names.includes(entry.name));
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
  const columns = ["name", "what it is", "in the paper", "licence", "source", "remark"].map((title) => ({ title }));
  const text = rows.map((r) => [
    r.name,
    r.title,
    r.paperModel ?? "",
    r.licence,
    r.source ?? "none is locked",
    r.timingOnly ? "untrained weights: for timing only" : "",
  ]);
  print(
    () => formatTable(columns, text),
    () => ({ models: rows }),
  );
}

async function fetchModels(names: readonly string[], print: Print): Promise<void> {
  const wanted = names.length > 0 ? names : (await loadCatalogue()).map((entry) => entry.name);
  const bar = progress();
  const done: PreparedModel[] = [];
  for (const name of wanted) done.push(await prepareModel(name, bar));
  print(
    () => done.map((model) => `${model.entry.name}  ${model.sha256}  ${model.archive}`).join("\n"),
    () => ({ models: done.map(({ entry, ...rest }) => ({ name: entry.name, ...rest })) }),
  );
}

async function lockSource([name, id, ...more]: readonly string[]): Promise<void> {
  const fix = "npx lathe models lock NAME SOURCE";
  if (name === undefined || id === undefined || more.length > 0)
    throw new WrongUse({ what: "models lock", expected: "a model and one of its sources", fix });
  await checkNames([name]);
  const entry = await findEntry(name);
  const source = entry.sources.find((s) => s.id === id);
  if (source === undefined) {
    const ids = entry.sources.map((s) => s.id);
    throw new WrongUse({ what: `${name} has no source "${id}"`, expected: expectedWord(id, ids), fix });
  }
  const bar = progress();
  const lock = await loadLock();
  bar.step(`Reading ${name} (${id}) as it is today`);
  const files = lock[name]?.[id]?.files ?? (await digestSource(source, bar));
  const out = await mkdtemp(join(tmpdir(), "lathe-lock-"));
  try {
    const artefact = await convert(entry, source, { files, artefact: "" }, out, bar);
    const next = { ...lock, [name]: { ...lock[name], [id]: { files, artefact } } };
    await writeAtomic(lockFile, LOCK_HEAD + stringify(next, { lineWidth: 0 }));
    bar.done(`locked as ${artefact}`);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
